"""The heart of our MQTT endpoint: who is logged in, what they may do, and who gets what. No I/O; `now` is given.

Everything lives in memory. A broker that forgets at a restart loses nothing that matters here: a gateway keeps each sample
until the cloud's receipt says that it is stored.
"""

import logging
import secrets
from collections.abc import Iterable
from typing import Final

from mqtt5 import (
    ConnAckReasonCode,
    ConnectPacket,
    DisconnectReasonCode,
    PubAckReasonCode,
    PublishPacket,
    RetainHandling,
    SubAckReasonCode,
    TopicFilter,
    UnsubAckReasonCode,
    Will,
)

from cloud.broker.filters import SharedFilter, any_covers, is_topic, read_filter
from cloud.broker.routing import Retained, Routes, Subscription
from cloud.broker.sessions import Delivery, Key, Message, Outlet, Session, Share
from cloud.broker.wire import WireError
from cloud.logins import Login, verify_password

SESSION_EXPIRY_MAX_S: Final = 24 * 3600
SESSIONS_MAX: Final = 20_000
SUBSCRIPTIONS_MAX: Final = 100  # of one session; anybody may invent names of share groups
MAX_QOS: Final = 1

_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """A CONNECT is answered with `reason`."""

    def __init__(self, reason: ConnAckReasonCode) -> None:
        super().__init__(reason.name)
        self.reason = reason


class Exchange:
    """Logins, sessions, subscriptions and retained messages of one broker."""

    def __init__(self, logins: Iterable[Login]) -> None:
        self._logins = {login.username: login for login in logins}
        self._sessions: dict[Key, Session] = {}
        self._routes = Routes()
        self._retained = Retained()
        self.has_met_mqtt_3 = False

    def admit(self, login: Login, now: float) -> None:
        """Add or replace a login. What lived under another password or other rights ends, sessions included."""
        before = self._logins.get(login.username)
        self._logins[login.username] = login
        if before is None or before == login:
            return
        self._retained.clear({*before.may_write, *before.may_read} - {*login.may_write, *login.may_read})
        for session in [each for each in self._sessions.values() if each.key.username == login.username]:
            session.expiry_s = 0
            if session.outlet:
                session.outlet.end(DisconnectReasonCode.ADMINISTRATIVE_ACTION)
            else:
                self._remove(session, now)

    def connect(self, packet: ConnectPacket, outlet: Outlet, now: float) -> tuple[Session, bool]:
        """Open the session of a client for `outlet`; the second value says whether it was there before.

        Raises:
            RefusedError: wrong password, foreign client id, will without the right to it, too many sessions.
        """
        login = self._check(packet)
        key = Key(login.username, packet.client_id or f"auto-{secrets.token_hex(8)}")
        session = self._sessions.get(key)
        if session and session.outlet:
            session.outlet.end(DisconnectReasonCode.SESSION_TAKEN_OVER)
            session = self._sessions.get(key)
        if session and (packet.clean_start or session.has_ended(now)):
            self._remove(session, now)
            session = None
        was_present = session is not None
        if session is None:
            if len(self._sessions) >= SESSIONS_MAX:
                raise RefusedError(ConnAckReasonCode.SERVER_BUSY)
            session = self._sessions[key] = Session(key)
        session.outlet = outlet
        session.receive_max = packet.receive_max
        session.packet_max = packet.max_packet_size
        session.expiry_s = min(packet.session_expiry_interval, SESSION_EXPIRY_MAX_S)
        session.ends_at, session.will, session.will_at = None, packet.will, None
        return session, was_present

    def _check(self, packet: ConnectPacket) -> Login:
        if packet.authentication_method is not None:
            raise RefusedError(ConnAckReasonCode.BAD_AUTHENTICATION_METHOD)
        login = self._logins.get(packet.username or "")
        if login is None or not verify_password(packet.password or b"", login.password_hash):
            raise RefusedError(ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD)
        if login.gateway and packet.client_id != login.username:
            raise RefusedError(ConnAckReasonCode.CLIENT_ID_NOT_VALID)
        if packet.will:
            self._check_will(packet.will, login)
        return login

    def _check_will(self, will: Will, login: Login) -> None:
        if int(will.qos) > MAX_QOS:
            raise RefusedError(ConnAckReasonCode.QUALITY_NOT_SUPPORTED)
        if not is_topic(will.topic):
            raise RefusedError(ConnAckReasonCode.TOPIC_NAME_INVALID)
        if not any_covers(login.may_write, will.topic):
            raise RefusedError(ConnAckReasonCode.NOT_AUTHORIZED)

    def disconnect(self, session: Session, now: float) -> None:
        """Note that the connection of `session` is gone. Its will, if it still has one, is due (§3.1.2.5)."""
        session.outlet = None
        session.ends_at = now + session.expiry_s
        if session.will:
            session.will_at = min(now + session.will.will_delay_interval, session.ends_at)
        session.rewind()
        if session.expiry_s <= 0:
            self._remove(session, now)
            return
        self._pass_on(session)
        if session.will_at is not None and session.will_at <= now:
            self._publish_will(session, now)

    def _remove(self, session: Session, now: float) -> None:
        if self._sessions.get(session.key) is session:
            del self._sessions[session.key]
        self._routes.remove_all(session)
        self._pass_on(session)
        self._publish_will(session, now)

    def _pass_on(self, session: Session) -> None:
        """Give what `session` shared with others to them, or back to it when nobody else is there."""
        session.release_held()
        for delivery in session.give_back():
            if delivery.share and (found := self._routes.member(delivery.share)):
                member, _ = found
                member.offer(delivery)

    def _publish_will(self, session: Session, now: float) -> None:
        will, session.will, session.will_at = session.will, None, None
        if will is None:
            return
        packet = PublishPacket(
            will.topic,
            will.payload or b"",
            qos=will.qos,
            packet_id=1 if int(will.qos) else None,
            retain=will.retain,
            payload_format_indicator=will.payload_format_indicator,
            message_expiry_interval=will.message_expiry_interval,
            content_type=will.content_type,
            response_topic=will.response_topic,
            correlation_data=will.correlation_data,
            user_properties=will.user_properties,
        )
        self.publish(session, packet, now)

    def tick(self, now: float) -> None:
        """Publish delayed wills that are due, and forget sessions that have expired."""
        for session in list(self._sessions.values()):
            if session.will_at is not None and session.will_at <= now:
                self._publish_will(session, now)
            if session.has_ended(now):
                self._remove(session, now)

    def publish(self, session: Session, packet: PublishPacket, now: float) -> PubAckReasonCode:
        """Give a message to everybody who asked for it, if the sender may write to its topic."""
        if not any_covers(self._logins[session.key.username].may_write, packet.topic):
            _log.debug("%s may not write to %s", session.key.username, packet.topic)
            return PubAckReasonCode.NOT_AUTHORIZED
        expiry_s = packet.message_expiry_interval
        message = Message(packet, None if expiry_s is None else now + expiry_s)
        if packet.retain:
            self._retained.keep(message)
        for receiver, subscription in self._routes.plain(packet.topic).items():
            if not (subscription.no_local and receiver is session):
                self._give(receiver, _delivery(message, subscription))
        for share in self._routes.shares(packet.topic):
            if found := self._routes.member(share):
                receiver, subscription = found
                self._give(receiver, _delivery(message, subscription, share))
                receiver.hold_if_crowded(session.outlet)
        return PubAckReasonCode.SUCCESS

    def _give(self, receiver: Session, delivery: Delivery) -> None:
        if receiver.outlet is None and not delivery.qos:
            return
        if not receiver.offer(delivery):
            _log.debug("the queue of %s is full", receiver.key)
            if receiver.outlet:
                receiver.outlet.end(DisconnectReasonCode.QUOTA_EXCEEDED)

    def subscribe(
        self, session: Session, filters: Iterable[TopicFilter], now: float
    ) -> list[SubAckReasonCode]:
        """Subscribe to those of `filters` that the login may read, and queue what is retained there.

        Raises:
            WireError: no_local on a shared subscription (§3.8.3.1).
        """
        return [self._subscribe(session, each, now) for each in filters]

    def _subscribe(self, session: Session, wanted: TopicFilter, now: float) -> SubAckReasonCode:
        asked = read_filter(wanted.pattern)
        if asked is None:
            return SubAckReasonCode.TOPIC_FILTER_INVALID
        if not any_covers(self._logins[session.key.username].may_read, asked.pattern):
            return SubAckReasonCode.NOT_AUTHORIZED
        if asked.group is not None and wanted.no_local:
            raise WireError(DisconnectReasonCode.PROTOCOL_ERROR)
        if self._routes.count(session) >= SUBSCRIPTIONS_MAX:
            return SubAckReasonCode.QUOTA_EXCEEDED
        qos = min(int(wanted.max_qos), MAX_QOS)
        subscription = Subscription(qos, wanted.no_local, wanted.retain_as_published)
        is_new = self._routes.add(session, asked, subscription)
        handling = wanted.retain_handling
        if handling == RetainHandling.SEND_ALWAYS or (
            handling == RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS and is_new
        ):
            self._give_retained(session, asked, qos, now)
        return SubAckReasonCode(qos)

    def _give_retained(self, session: Session, asked: SharedFilter, qos: int, now: float) -> None:
        if asked.group is not None:  # §4.8.2: never to a share
            return
        for message in self._retained.matching(asked.pattern, now):
            self._give(session, Delivery(message, min(int(message.packet.qos), qos), retain=True))

    def unsubscribe(self, session: Session, patterns: Iterable[str]) -> list[UnsubAckReasonCode]:
        """End those subscriptions; messages already queued are still delivered."""
        return [self._unsubscribe(session, pattern) for pattern in patterns]

    def _unsubscribe(self, session: Session, pattern: str) -> UnsubAckReasonCode:
        asked = read_filter(pattern)
        if asked is None:
            return UnsubAckReasonCode.TOPIC_FILTER_INVALID
        if self._routes.remove(session, asked):
            return UnsubAckReasonCode.SUCCESS
        return UnsubAckReasonCode.NO_SUBSCRIPTION_EXISTED


def _delivery(message: Message, subscription: Subscription, share: Share | None = None) -> Delivery:
    qos = min(int(message.packet.qos), subscription.qos)
    return Delivery(message, qos, message.packet.retain and subscription.retain_as_published, share)
