"""Memory of the alarms that were told: each limit once a month, for each place in a store, on this computer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256

from msgspec import DecodeError, ValidationError, json

from s3sync.config.locate import user_data_folder
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import own_folder

FOLDER = "costs"
MOST_MONTHS = 3
_LARGEST = 64 * 1024


class Told:
    """Limits of which somebody was told, by month. A file that cannot be read is as good as none: told twice is better
    than never."""

    def __init__(self, environ: Mapping[str, str], store: str, repo: str) -> None:
        self._environ = environ
        place = f"{store}\n{repo}".encode("utf-8", "surrogatepass")
        self._name = f"{sha256(place).hexdigest()[:24]}.json"

    def of(self, month: str) -> frozenset[float]:
        """Limits that were told in a month."""
        try:
            with self._folder(create=False) as folder:
                return frozenset(_read(folder, self._name).get(month, ()))
        except OSError:
            return frozenset()

    def add(self, month: str, limits: frozenset[float]) -> None:
        """Remember limits. Raises `LocalError` where this computer cannot: then they would be told each time."""
        doing = "cannot remember which alarms were told in"
        with local_errors(doing, user_data_folder(self._environ)), self._folder() as folder:
            known = _read(folder, self._name)
            known[month] = sorted({*known.get(month, ()), *limits})
            kept = {name: known[name] for name in sorted(known)[-MOST_MONTHS:]}
            folder.write(self._name, json.encode(kept))

    @contextmanager
    def _folder(self, *, create: bool = True) -> Iterator[GuardedFolder]:
        with own_folder(user_data_folder(self._environ), FOLDER, create=create) as folder:
            yield folder


def _read(folder: GuardedFolder, name: str) -> dict[str, list[float]]:
    try:
        return json.decode(folder.read(name, _LARGEST), type=dict[str, list[float]])
    except (OSError, ValidationError, DecodeError, UnicodeDecodeError):
        return {}
