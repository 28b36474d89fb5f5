"""Mails out of the inbox to an SMTP server, the oldest first, each until the server took it.

A server that is away is tried again, ever more rarely; a mail that it refuses stands aside and holds up no other.
"""

import asyncio
import logging
import smtplib
import socket
from collections.abc import Collection
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Final, Protocol

from chassis.clock import Clock
from chassis.mqtt import pause_s
from cloud.registry.mails import WaitingMail
from protocol.problems import UnreachableError

_LOOK_EVERY_S: Final = 1.0
_PAUSE_MAX_S: Final = 60.0
_ANSWER_WITHIN_S: Final = 10.0
_AGAIN_AFTER: Final = timedelta(minutes=5)  # for a mail that the server does not want now (4yz)
_REFUSED_FOR_GOOD: Final = 500
_POLICY: Final = SMTP.clone(cte_type="7bit")  # the server may not take anything else

_log = logging.getLogger(__name__)


class Store(Protocol):
    """What the mailer needs of the registry; its verbs block until they are committed."""

    def waiting_mail(self, now: datetime, without: Collection[int] = ()) -> WaitingMail | None:
        """Return the oldest mail that has to leave and is none of `without`."""
        ...

    def note_delivery(self, mail_id: int, now: datetime) -> None:
        """Keep that an SMTP server took the mail."""
        ...


class _RefusedError(Exception):
    """The server does not take this mail: not now, or never."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.for_good = code >= _REFUSED_FOR_GOOD


class Mailer:
    """The cloud's SMTP client."""

    def __init__(self, store: Store, clock: Clock, host: str, port: int) -> None:
        self._store = store
        self._clock = clock
        self._host = host
        self._port = port
        self._aside: dict[int, datetime | None] = {}
        """Mails that were refused, each with when it is tried again: null, not before a restart."""

    async def run(self) -> None:
        """Send what is there and what comes until cancelled."""
        failures = 0
        while True:
            try:
                pause = 0.0 if await self._send_next() else _LOOK_EVERY_S
                if failures:
                    _log.info("mails leave again")
                failures = 0
            except UnreachableError as error:
                _log.log(logging.DEBUG if failures else logging.WARNING, "no mail leaves: %s", error)
                pause = pause_s(failures, _PAUSE_MAX_S)
                failures += 1
            await self._clock.sleep(pause)

    async def _send_next(self) -> bool:
        """Send one mail in a thread, and see the end of that even when cancelled: what was taken has to be noted."""
        sending = asyncio.get_running_loop().run_in_executor(None, self._send_oldest)
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            await asyncio.gather(sending, return_exceptions=True)
            raise

    def _send_oldest(self) -> bool:
        """Send the oldest mail; say whether there was one.

        Raises:
            UnreachableError: the SMTP server or the store is away.
        """
        now = self._clock.now()
        without = [mail_id for mail_id, again in self._aside.items() if again is None or now < again]
        mail = self._store.waiting_mail(now, without)
        if mail is None:
            return False
        try:
            self._send(mail)
        except _RefusedError as refused:
            self._put_aside(mail, refused, now)
        return True

    def _send(self, mail: WaitingMail) -> None:
        try:
            message = _message(mail)
            with smtplib.SMTP(
                self._host, self._port, socket.gethostname(), timeout=_ANSWER_WITHIN_S
            ) as server:
                server.send_message(message, to_addrs=[mail.recipient])
                self._store.note_delivery(mail.mail_id, self._clock.now())
        except smtplib.SMTPRecipientsRefused as error:
            raise _RefusedError(error.recipients[mail.recipient][0]) from None
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise _RefusedError(error.smtp_code) from None
        except (smtplib.SMTPNotSupportedError, ValueError):  # an address that it, or nobody, understands
            raise _RefusedError(_REFUSED_FOR_GOOD) from None
        except OSError as error:  # whatever else smtplib raises is one too
            raise UnreachableError(f"SMTP server {self._host}:{self._port}", str(error)) from None

    def _put_aside(self, mail: WaitingMail, refused: _RefusedError, now: datetime) -> None:
        level = logging.DEBUG if mail.mail_id in self._aside else logging.WARNING
        when = "for good" if refused.for_good else "for now"
        _log.log(level, "mail %d is refused %s: %s", mail.mail_id, when, refused)
        self._aside[mail.mail_id] = None if refused.for_good else now + _AGAIN_AFTER


def _message(mail: WaitingMail) -> EmailMessage:
    """Return the mail as it crosses the wire; its id stays the same however often it is sent.

    Raises:
        ValueError: the recipient is no address.
    """
    name, address = parseaddr(mail.sender)
    sender = Address(name, addr_spec=address)
    message = EmailMessage(_POLICY)
    message["From"] = sender
    message["To"] = Address(addr_spec=mail.recipient)
    message["Subject"] = mail.subject
    message["Date"] = mail.sent_at
    message["Message-ID"] = f"<{mail.sent_at.timestamp():.3f}.{mail.mail_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message
