"""Objects of a project that are not synced because of their names: what is told of them, once for each folder."""

from __future__ import annotations

from collections.abc import Mapping

from s3sync.core.manifest.record import FileRecord
from s3sync.core.names import refuse, short_text
from s3sync.core.outcome import Problem
from s3sync.core.spelling import Refusal
from s3sync.errors import StoreError
from s3sync.store.port import ObjectInfo, Store

UNKNOWN = "unknown"
MOST_ASKED = 16
"""Refused names of which the store is asked who uploaded them."""


class RefusedObjects:
    """Collects what a listing brings. `twice` and what this disk cannot hold are told one by one."""

    def __init__(self) -> None:
        self._single: list[Problem] = []
        self._obeyed: dict[str, tuple[Refusal, str, int]] = {}  # with the first key and how many there are

    def add(self, path: str, info: ObjectInfo, refusal: Refusal) -> None:
        if not refusal.obeyed:
            what = f"is on the remote, but cannot be downloaded: {refusal.reason}"
            self._single.append(Problem(path or "/", what, "rename it there"))
            return
        _, key, count = self._obeyed.get(refusal.at, (refusal, info.key, 0))
        self._obeyed[refusal.at] = refusal, key, count + 1

    def add_twin(self, path: str) -> None:
        twice = "is on the remote twice, in two Unicode spellings of one name"
        self._single.append(Problem(path, twice, "rename one of them"))

    def problems(self, store: Store, records: Mapping[str, FileRecord]) -> list[Problem]:
        """Problems to report, with what metadata.json says of refused names: `records`."""
        uploaders = {at: record.uploaded_by for record in records.values() if (at := _at(record.name)) is not None}
        told = list(self._single)
        for number, (at, (refusal, key, count)) in enumerate(self._obeyed.items()):
            by = short_text(uploaders.get(at) or (_uploader(store, key) if number < MOST_ASKED else UNKNOWN))
            files = f"{count} files, " if count > 1 else ""
            told.append(
                Problem(
                    at,
                    f"is on the remote ({files}uploaded by {by}), and is not downloaded: {refusal.reason}",
                    f"nothing of it was written here; ask {'whoever put it there' if by == UNKNOWN else by} about it, "
                    "and delete it there with another S3 client",
                )
            )
        known = {problem.path for problem in told}
        for name in records:
            found = refuse(name)
            if found is not None and found.at not in known and name not in known:
                known.add(found.at)
                what = f"is named in metadata.json but cannot be synced: {found.reason}"
                told.append(Problem(found.at if found.obeyed else name, what))
        return told


def _at(name: str) -> str | None:
    found = refuse(name)
    return found.at if found else None


def _uploader(store: Store, key: str) -> str:
    try:
        return store.head(key).metadata.get("uploaded-by") or UNKNOWN
    except StoreError:
        return UNKNOWN
