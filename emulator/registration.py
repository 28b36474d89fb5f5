"""One run of the registration wizard: what was shown, what was answered. No I/O."""

import secrets
from dataclasses import dataclass, field

from protocol.areas import Place
from protocol.codes import fold_digits
from protocol.problems import CONFIRMATION_CODE_SPENT, CONFIRMATION_CODE_WRONG, Problem
from protocol.registering import AtStake, Consent, Family
from protocol.rules import CONFIRMATION_CODE_TRIES


@dataclass(frozen=True)
class Answers:
    """What a person has said in one run of the wizard; `replacing` is the epoch they agreed to erase (0: none)."""

    consent: Consent
    place: Place
    family: Family
    replacing: int = 0


@dataclass
class RegistrationRun:
    """One run of the wizard, from the device code to 決定; in memory only.

    The confirmation code is compared here and nowhere else: no remote verifier exists (security T-09).
    """

    confirmation_code: str = field(repr=False)
    at_stake: AtStake | None
    run_id: str
    wrong_tries: int = 0

    def confirm(self, typed: str) -> None:
        """Compare the code that the person typed with the one shown (S-REG-11, S-REG-13).

        Raises:
            Problem: `confirmation_code_wrong`, or `confirmation_code_spent` after 10 wrong ones: the run is over.
        """
        if self.wrong_tries >= CONFIRMATION_CODE_TRIES:
            raise Problem(CONFIRMATION_CODE_SPENT)
        if secrets.compare_digest(fold_digits(typed).encode(), self.confirmation_code.encode()):
            return
        self.wrong_tries += 1
        left = CONFIRMATION_CODE_TRIES - self.wrong_tries
        raise Problem(CONFIRMATION_CODE_WRONG, tries_left=left) if left else Problem(CONFIRMATION_CODE_SPENT)
