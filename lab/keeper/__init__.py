"""The process that holds one home: its namespaces, wires and programs. It is process 1 of its own, so all of it ends with it.

```
__main__    started by lab.home, with one end of a socket; builds the home and keeps it until that socket ends
  control     what the runner asks for, and the answers
  hands       what a condition may do to the home beyond the network
  machines    a node as its keeper sees it: its interfaces, their addresses and routes
    wires tunnel  veth pairs, one end in a node, the other in the air, offloads off; a tunnel that leads nowhere
    namespaces clock  a network and a mount namespace, lived in by a thread; the time that is told there
  programs    what runs in the nodes, and who ends when
  pump        moves frames between the air and the network; keeps the time
  capture     every frame in a file
```
"""
