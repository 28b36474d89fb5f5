"""A multicast DNS responder for one service instance (RFC 6762, RFC 6763): a core without I/O, and sockets under it.

```
responder   one service on all links, under the same names everywhere
  names       what the names become when somebody else has them
  on_link     one link: whose names they are, what a packet makes us say
    claim       probes, announcements, the tie between two that probe at once
    answering   to whom, when, and when not
      schedule    what waits to be multicast, what was
    records     what the service says about itself; codec: DNS packets (python-zeroconf)
network     the sockets of all links ◀ sockets, membership, link
  interfaces  which links there are; news: that they have changed
```
"""
