"""Nicknames of phones: 1 to 10 characters as a person counts them (S-ADD-07, S-BIND-13, manual p24)."""

import unicodedata
from typing import Final

from protocol.problems import NICKNAME_UNUSABLE, Problem
from protocol.rules import NICKNAME_MAX_CHARACTERS

_JOINER: Final = "\u200d"  # makes one picture of two, as in 👨‍👩‍👧
_MAX_CODE_POINTS: Final = 64
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS: Final = range(0x1F1E6, 0x1F200)  # two of them are one flag
_UNSEEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def read_nickname(typed: str) -> str:
    """Return the nickname as it is shown: NFC, without space around it.

    Raises:
        Problem: `nickname_unusable` when it is empty, too long, or has control or invisible characters.
    """
    nickname = unicodedata.normalize("NFC", typed).strip()
    if len(nickname) > _MAX_CODE_POINTS or any(map(_is_unseen, nickname)):
        raise Problem(NICKNAME_UNUSABLE)
    if not 1 <= _characters(nickname) <= NICKNAME_MAX_CHARACTERS:
        raise Problem(NICKNAME_UNUSABLE)
    return nickname


def nickname_key(nickname: str) -> str:
    """Return the form by which two nicknames are the same to a person."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", nickname).casefold()).strip()


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN and character != _JOINER


def _characters(text: str) -> int:
    """Count grapheme clusters by the rules that matter in names: marks, joined pictures, skin tones, flags.

    Scripts that UAX #29 joins otherwise (Indic conjuncts, Hangul that NFC leaves apart) count high, never low.
    """
    count, before, flag_open = 0, "", False
    for character in text:
        flag_letter = ord(character) in _FLAG_LETTERS
        extends = (
            unicodedata.category(character).startswith("M")
            or _JOINER in (character, before)
            or ord(character) in _SKIN_TONES
            or (flag_letter and flag_open)
        )
        count += not extends
        flag_open = flag_letter and not extends
        before = character
    return count
