"""Is a multicast DNS responder what RFC 6762 and RFC 6763 ask for? Judged from the wire, by another host of its link.

```
running     all scenes at the same time, each in a home of its own ◀ __main__: the command, table: what it prints
  checks/     the scenes: checks that share a link, and a life of the responder where they can
    bench       what a check has in its hands: the responder, its host, our end of the link
      life        what the responder has said since it was started
      wire, tap   packets of our own making, and those that pass; packets: DNS messages
      responders  how each is started: ours, zeroconf_as_it_comes (programs), avahi; service: who they say they are
    check       what a check, a scene and a verdict are
```

Nothing here knows how a responder works: what is started is a program that announces, is asked to take another name,
and is ended.
"""

from lab.conformance.responders import RESPONDERS
from lab.conformance.running import Result, run

__all__ = ["RESPONDERS", "Result", "run"]
