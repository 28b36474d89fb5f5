import time

from phone_client.requests import fingerprint


def test_a_fingerprint_tells_requests_and_installations_apart() -> None:
    marks = [
        fingerprint("installation-1", "nickname", "1234567890", "123456789012"),
        fingerprint("installation-1", "nickname", "1234567890", "123456789013"),
        fingerprint("installation-2", "nickname", "1234567890", "123456789012"),
    ]
    assert len(set(marks)) == len(marks)
    assert fingerprint("installation-1", "nickname", "1234567890", "123456789012") == marks[0]


def test_a_fingerprint_is_too_dear_to_guess_the_code_back() -> None:
    started = time.process_time()
    fingerprint("installation-1", "nickname", "1234567890", "123456789012")
    assert time.process_time() - started > 0.005
