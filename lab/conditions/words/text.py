"""The shape of what is said of a condition."""

from typing import NamedTuple


class Words(NamedTuple):
    """One sentence in both languages."""

    en: str
    ja: str

    def say(self, language: str) -> str:
        """Return it in `en` or `ja`."""
        return self.ja if language == "ja" else self.en


class Text(NamedTuple):
    """One condition: what is wrong, what it does to packets, what a person sees, where it comes from in real life.

    `evidence`: public reports that it hurts, as `owner/repository#number` on GitHub or by title.
    """

    sentence: Words
    effect: Words
    seen: Words
    origin: Words
    evidence: tuple[str, ...] = ()
