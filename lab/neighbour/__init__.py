"""A program that plays other machines of the home: many services, a false gateway, a thief of a name.

```
__main__   what is to be played, until SIGTERM
speaker      its sockets and its time
answers      what it announces, and what it says when asked: no I/O
services     which services those are
```
"""
