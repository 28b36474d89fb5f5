"""The firmware catalogue at the registry: what is published, what is the latest, who must update first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from cloud import releases as rules
from cloud.instants import from_ms, to_ms
from cloud.registry.desk import Desk
from cloud.store.schema import gateways, releases
from protocol.firmware import LatestFirmware, Manifest
from protocol.identity import Signed, firmware_key
from protocol.problems import FIRMWARE_OUTDATED, NOT_FOUND, RELEASE_EXISTS, UNSUPPORTED_MODEL, Problem


@dataclass(frozen=True)
class Release:
    """One line of the catalogue; `published_at` is None when the release came with the settings."""

    manifest: Manifest
    published_at: datetime | None


class Releases(Desk):
    """The catalogue."""

    def stock(self, latest: Mapping[str, str]) -> None:
        """Publish for each model the version of the settings, unless the catalogue has it or a newer one."""
        with self.store.writing() as store:
            for model, version in latest.items():
                newest = _newest(store, model)
                if newest is None or firmware_key(newest.version) < firmware_key(version):
                    self._publish(store, model, version, *rules.default_texts(version), at_ms=None)

    def publish_release(
        self, model: str, version: str, text_ja: str, text_en: str, now: datetime
    ) -> Sequence[tuple[str, int]]:
        """Add a newer release of a model; return the gateways to be told, each with its epoch.

        Raises:
            Problem: `unsupported_model`, `release_unusable`, `release_exists`.
        """
        with self.store.writing() as store:
            latest = newest_version(store, model)
            self._publish(store, model, version, text_ja, text_en, at_ms=to_ms(now), after=latest)
            concerned = select(gateways.c.gateway_id, gateways.c.epoch).where(gateways.c.model == model)
            return [(row.gateway_id, row.epoch) for row in store.execute(concerned)]

    def firmware(self, model: str) -> LatestFirmware:
        """Return the latest release of `model`.

        Raises:
            Problem: `unsupported_model`.
        """
        with self.store.reading() as store:
            row = _newest(store, model)
        if row is None:
            raise Problem(UNSUPPORTED_MODEL, model=model)
        return LatestFirmware(
            model=row.model,
            latest=row.version,
            release=Signed(payload=row.manifest, signature=row.signature),
            release_key=self.release_key.public,
        )

    def image(self, model: str, version: str) -> Path:
        """Return the file of the image of a release.

        Raises:
            Problem: `not_found`: there is no such release.
        """
        this = (releases.c.model == model) & (releases.c.version == version)
        with self.store.reading() as store:
            if store.scalar(select(releases.c.version).where(this)) is None:
                raise Problem(NOT_FOUND)
        return self.images.path(model, version)

    def catalogue(self) -> Sequence[Release]:
        """Return every release, by model, the newest first."""
        with self.store.reading() as store:
            rows = store.execute(select(releases)).all()
        newest_first = sorted(rows, key=lambda row: firmware_key(row.version), reverse=True)
        return [
            Release(
                Manifest.model_validate_json(row.manifest),
                None if row.published_at is None else from_ms(row.published_at),
            )
            for row in sorted(newest_first, key=lambda row: row.model)
        ]

    def _publish(
        self,
        store: Connection,
        model: str,
        version: str,
        text_ja: str,
        text_en: str,
        *,
        at_ms: int | None,
        after: str | None = None,
    ) -> None:
        """Write the image, then the row: a release that is in the catalogue can be fetched."""
        image = rules.build_image(model, version)
        signed = self.release_key.sign(rules.manifest_of(model, version, image, text_ja, text_en))
        if after is not None and firmware_key(version) <= firmware_key(after):
            raise Problem(RELEASE_EXISTS, model=model, latest=after)
        self.images.write(model, version, image)
        values = {"model": model, "version": version, "published_at": at_ms}
        values |= {"manifest": signed.payload, "signature": signed.signature}
        store.execute(insert(releases).values(values))


def newest_version(store: Connection, model: str) -> str:
    """Return the latest version of a model.

    Raises:
        Problem: `unsupported_model`: the catalogue has none.
    """
    row = _newest(store, model)
    if row is None:
        raise Problem(UNSUPPORTED_MODEL, model=model)
    return str(row.version)


def check_firmware(store: Connection, model: str, installed: str) -> None:
    """Let pass who has the latest firmware of `model`, or a newer one.

    Raises:
        Problem: `firmware_outdated`, `unsupported_model`.
    """
    latest = newest_version(store, model)
    if firmware_key(installed) < firmware_key(latest):
        raise Problem(FIRMWARE_OUTDATED, installed=installed, latest=latest)


def _newest(store: Connection, model: str) -> Row[Any] | None:
    rows = store.execute(select(releases).where(releases.c.model == model)).all()
    return max(rows, key=lambda row: firmware_key(row.version), default=None)
