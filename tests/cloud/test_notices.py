import pytest

from cloud.accounts import Mail
from cloud.notices import phone_added_mail, phone_moved_mail, phone_removed_mail

MAILS = [phone_added_mail(), phone_moved_mail(), phone_removed_mail()]


@pytest.mark.req("S-ADD-13", "S-BIND-16")
@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.subject.partition(" / ")[2])
def test_a_notice_is_in_both_languages_and_says_what_to_do(mail: Mail) -> None:
    assert "スマートフォン" in mail.subject
    assert "phone" in mail.subject
    assert "お心当たりのない場合は" in mail.body
    assert "If this was not you" in mail.body


def test_the_notices_differ() -> None:
    assert len({mail.subject for mail in MAILS}) == len({mail.body for mail in MAILS}) == 3
