"""The home's network, pure: frames in, frames out, at a time that is told. No I/O, no clock, no randomness of its own.

```
network   who is plugged in where; a frame's way from port to port; the rules it meets on it
  crossing    one frame on its way to one receiver, and what a rule may do with it
  rules       the rules that are active, each with its own dice for each direction and kind of frame
  holding     frames that are held back
  switch      one segment: who is where, who has joined which multicast group
  router      between segments: forwarding and NAT; a reflector for mDNS
    leg         one of its interfaces: whom it knows there, who is asked for
    local       what a machine says when it is spoken to itself; dns: the names it knows
    nat, reflector
plan      the segments, the machines, the routers and their addresses: data
frames    one Ethernet frame, taken apart by dpkt
```
"""
