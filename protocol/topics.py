"""The MQTT topics, named here and nowhere else: `aiseg/<gateway_id>/<epoch>/<channel>`."""

from typing import Final, Literal, NamedTuple, cast, get_args

from pydantic import TypeAdapter, ValidationError

from protocol.identity import GatewayId

Channel = Literal["telemetry", "status", "receipt", "notice"]

WRITTEN_BY_GATEWAY: Final[tuple[Channel, ...]] = ("telemetry", "status")
WRITTEN_BY_CLOUD: Final[tuple[Channel, ...]] = ("receipt", "notice")

INGEST_FILTERS: Final = ("$share/ingest/aiseg/+/+/telemetry", "$share/ingest/aiseg/+/+/status")
"""What ingest workers share among themselves."""

EVERY_TOPIC: Final = "aiseg/+/+/+"
"""The filter of all topics of all gateways."""

OLDEST_PROPERTY: Final = "oldest"
"""User property of a telemetry message: the lowest sequence number the gateway still holds."""

_GATEWAY_ID: Final = TypeAdapter[str](GatewayId)


class Topic(NamedTuple):
    """One topic, taken apart."""

    gateway_id: str
    epoch: int
    channel: Channel

    def __str__(self) -> str:
        return f"aiseg/{self.gateway_id}/{self.epoch}/{self.channel}"


def read_topic(text: str) -> Topic | None:
    """Return the parts of `text`, or None when it is not one of our topics."""
    match text.split("/"):
        case ["aiseg", gateway_id, epoch, channel] if channel in get_args(Channel):
            try:
                _GATEWAY_ID.validate_python(gateway_id)
            except ValidationError:
                return None
            if epoch.isascii() and epoch.isdigit() and epoch == str(int(epoch)):
                return Topic(gateway_id, int(epoch), cast(Channel, channel))
    return None
