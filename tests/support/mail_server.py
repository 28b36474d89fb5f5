"""A real SMTP server on loopback, which takes mails or does not, as the test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

ACCEPTED = "250 OK"


class MailServer:
    """What has arrived. `answer` says what becomes of a mail to that address."""

    def __init__(self) -> None:
        self.port = 0
        self.taken: list[EmailMessage] = []
        self.asked: list[str] = []
        self.answer: Callable[[str], Awaitable[str]] = _accept

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        self.asked.append(recipient)
        answer = await self.answer(recipient)
        if answer == ACCEPTED:
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            message["X-Envelope"] = f"{envelope.mail_from} to {recipient}"
            self.taken.append(message)
        return answer

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[None]:
        """Be there for a block, at the port of the last time if there was one."""
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            lambda: SMTP(self, enable_SMTPUTF8=False, loop=loop), "127.0.0.1", self.port or port
        )
        self.port = listening.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            listening.close()
            await listening.wait_closed()


async def _accept(_recipient: str) -> str:
    return ACCEPTED
