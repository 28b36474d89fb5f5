"""The home network: machines of a home on a network of our own, broken on purpose, and captured.

```
__main__ commands/          aiseg lab: what is asked, what is printed
scenes matrix matrix_report   what is true in many homes, and how often the phone says so
story/ stories/             scenarios: read, told, judged; the ones that ship
people/ stage/              who taps and reads; programs, what is given, what is counted
report/ xray/               what a run leaves; where a question died
conformance/                is a responder what its RFCs ask for
residents                   a real gateway that runs in a home, a real phone that searches there
home node program           the doorway: a home, its machines, what runs in them, as the process that has it sees them
keeper/                     the process that holds one home, and dies with the one that has it
  messages                    what the two say to each other
conditions/                 what can be wrong
wanted                      a condition as it is typed
network/                    switches, routers, every frame's way: no I/O
```
"""
