"""What became of a search in the wire: how far the question went, how far the answer, and which rule stopped them. Pure.

```
look        one search seen through: its stages, what it comes to
ways        what went straight to the gateway, to its router or to everybody, not by multicast
captured    the capture as data
words       all that is said of it
```
"""
