"""Which sessions a message goes to, and the retained messages. No I/O, no clock."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from cloud.broker.filters import SharedFilter, any_covers, covers, has_wildcard, levels_cover
from cloud.broker.sessions import Message, Session, Share


@dataclass(frozen=True, slots=True)
class Subscription:
    """How one session asked for a filter."""

    qos: int
    no_local: bool
    retain_as_published: bool


@dataclass(slots=True)
class _Node:
    """Everybody who asked for one pattern."""

    pattern: str
    levels: list[str]
    plain: dict[Session, Subscription] = field(default_factory=dict)
    groups: dict[str, dict[Session, Subscription]] = field(default_factory=dict)

    def members(self, group: str | None) -> dict[Session, Subscription]:
        return self.plain if group is None else self.groups.setdefault(group, {})


class Routes:
    """Subscriptions by pattern: exact ones are looked up, those with wildcards (few: see our rights) are gone through."""

    def __init__(self) -> None:
        self._exact: dict[str, _Node] = {}
        self._wild: dict[str, _Node] = {}
        self._of_session: dict[Session, set[SharedFilter]] = {}

    def add(self, session: Session, asked: SharedFilter, subscription: Subscription) -> bool:
        """Subscribe; False when the session already had this filter, which is then replaced."""
        nodes = self._nodes(asked.pattern)
        node = nodes.setdefault(asked.pattern, _Node(asked.pattern, asked.pattern.split("/")))
        node.members(asked.group)[session] = subscription
        filters = self._of_session.setdefault(session, set())
        is_new = asked not in filters
        filters.add(asked)
        return is_new

    def remove(self, session: Session, asked: SharedFilter) -> bool:
        """Unsubscribe; False when there was no such subscription."""
        filters = self._of_session.get(session, set())
        if asked not in filters:
            return False
        filters.remove(asked)
        nodes = self._nodes(asked.pattern)
        node = nodes[asked.pattern]
        del node.members(asked.group)[session]
        if asked.group is not None and not node.groups[asked.group]:
            del node.groups[asked.group]
        if not node.plain and not node.groups:
            del nodes[asked.pattern]
        return True

    def remove_all(self, session: Session) -> None:
        """Forget a session that has ended."""
        for asked in list(self._of_session.get(session, ())):
            self.remove(session, asked)
        self._of_session.pop(session, None)

    def count(self, session: Session) -> int:
        """Return how many subscriptions `session` has."""
        return len(self._of_session.get(session, ()))

    def plain(self, topic: str) -> dict[Session, Subscription]:
        """Return who gets a message on `topic`; where filters overlap, the one with the highest QoS counts."""
        found: dict[Session, Subscription] = {}
        for node in self._matching(topic):
            for session, subscription in node.plain.items():
                if session not in found or found[session].qos < subscription.qos:
                    found[session] = subscription
        return found

    def shares(self, topic: str) -> list[Share]:
        """Return the groups that each get a message on `topic` once."""
        return [Share(group, node.pattern) for node in self._matching(topic) for group in node.groups]

    def member(self, share: Share) -> tuple[Session, Subscription] | None:
        """Choose the member whose turn it is: connected before away, the least loaded, the longest unasked."""
        node = self._nodes(share.pattern).get(share.pattern)
        members = node.groups.get(share.group) if node else None
        if not members:
            return None
        chosen = min(members, key=lambda session: (session.outlet is None, session.load))
        subscription = members.pop(chosen)
        members[chosen] = subscription
        return chosen, subscription

    def _nodes(self, pattern: str) -> dict[str, _Node]:
        return self._wild if has_wildcard(pattern) else self._exact

    def _matching(self, topic: str) -> Iterator[_Node]:
        if node := self._exact.get(topic):
            yield node
        levels = topic.split("/")
        for node in self._wild.values():
            if levels_cover(node.levels, levels):
                yield node


class Retained:
    """The last retained message of each topic."""

    def __init__(self) -> None:
        self._messages: dict[str, Message] = {}

    def keep(self, message: Message) -> None:
        """Replace what its topic had; an empty payload clears it (§3.3.1.3)."""
        if message.packet.payload:
            self._messages[message.packet.topic] = message
        else:
            self._messages.pop(message.packet.topic, None)

    def clear(self, patterns: Collection[str]) -> None:
        """Forget what is retained under any of `patterns`."""
        for topic in [each for each in self._messages if any_covers(patterns, each)]:
            del self._messages[topic]

    def matching(self, pattern: str, now: float) -> list[Message]:
        """Return what a new subscriber to `pattern` is given; what has expired is not."""
        topics = (
            [topic for topic in self._messages if covers(pattern, topic)]
            if has_wildcard(pattern)
            else [pattern]
        )
        found = [self._messages[topic] for topic in topics if topic in self._messages]
        return [message for message in found if message.expires_at is None or message.expires_at > now]
