"""What is sent to people: put into the inbox here, whether or not it leaves this machine afterwards (S-GEN-21, S-2FA-11)."""

from sqlalchemy import Connection, insert

from cloud.accounts import SENDER, Mail
from cloud.store.schema import mails, texts


def post_mail(store: Connection, mail: Mail, recipient: str, now_ms: int) -> None:
    """Put a mail into the inbox."""
    values = {"sender": SENDER, "recipient": recipient, "subject": mail.subject, "body": mail.body}
    store.execute(insert(mails).values(sent_at=now_ms, **values))


def post_text(store: Connection, body: str, account_id: int, number: str, now_ms: int) -> None:
    """Put an SMS to `number` (E.164) into the inbox; it goes when the account goes (T-51)."""
    values = {"account_id": account_id, "recipient": number, "body": body}
    store.execute(insert(texts).values(sent_at=now_ms, **values))
