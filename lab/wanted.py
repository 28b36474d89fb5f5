"""A condition as people write it: `loss:p=0.3,on=phone`."""

from dataclasses import dataclass

from lab.conditions.active import Argument


@dataclass(frozen=True)
class Wanted:
    """A condition as it was asked for."""

    name: str
    args: dict[str, Argument]


def read_wanted(text: str) -> Wanted:
    """Read `loss:p=0.3,on=phone`; a value may have commas (`power_cut:order=gateway,phone,off_s=1`)."""
    name, _, rest = text.partition(":")
    args: dict[str, Argument] = {}
    last = ""
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals and last:
            args[last] = f"{args[last]},{part}"
            continue
        last = key.strip()
        args[last] = value.strip()
    return Wanted(name.strip(), args)
