"""A person who registers the gateway and has a link code shown, with the answers that most tests do not care about."""

from datetime import UTC, datetime

from emulator.gateway import Gateway
from emulator.registration import Answers
from protocol.areas import Place
from protocol.device_api import ShownLinkCode
from protocol.registering import Consent, Family, Registration
from protocol.rules import SERVICE_TERMS_VERSION

CONSENT = Consent(terms_version=SERVICE_TERMS_VERSION, agreed_at=datetime(2026, 11, 22, 2, 59, tzinfo=UTC))
FAMILY = Family(household_size=4, building_type="detached", energy_used="all_electric")
PLACE = Place(prefecture="大阪府", area="大阪府", municipality="門真市")


def answers(replacing: int = 0) -> Answers:
    """Return what the person says, who agrees to erase the epoch `replacing`."""
    return Answers(CONSENT, PLACE, FAMILY, replacing)


async def register(gateway: Gateway) -> Registration:
    """Go through one run of the wizard, agreeing to erase what there is."""
    run = await gateway.begin_registration(gateway.identity.device_code)
    run.confirm(run.confirmation_code)
    return await gateway.register(run, answers(run.at_stake.epoch if run.at_stake else 0))


async def show_link_code(gateway: Gateway) -> ShownLinkCode:
    """Have a link code shown, telling of the household if that is needed."""
    status = await gateway.prepare_link_code(gateway.identity.device_code)
    return await gateway.show_link_code(CONSENT, FAMILY if status.family_needed else None)
