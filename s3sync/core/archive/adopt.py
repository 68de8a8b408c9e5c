"""Keys that other tools made: which of them fit a set's layout, and what they say of their unit."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from s3sync.core.archive.backwards import Piece, values_of
from s3sync.core.archive.extraction import path_problem
from s3sync.core.archive.layout import Field, Layout, LayoutError, name_of, parse_layout, range_of
from s3sync.core.archive.values import ArchiveSet, Member, Pack, UnitKind, index_key
from s3sync.core.names import STATE_DIR
from s3sync.core.spelling import obeyed_refusal

_DIGITS = {"year": 4, "month": 2, "day": 2, "date": 8}
_TIMES = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "y": 2, "j": 3}
_ENDINGS = {".tar": Pack.TAR, ".tar.gz": Pack.TAR_GZ, ".tgz": Pack.TAR_GZ, ".tar.zst": Pack.TAR_ZST}


_PROPOSAL = ".adopted.json"


def proposal_key(key: str) -> str:
    """Key of the proposal for the index of an archive that another tool made."""
    return f"{key}{_PROPOSAL}"


def proposed(key: str) -> str | None:
    """Key of the archive that a key is the proposal for; None for another key."""
    return key.removesuffix(_PROPOSAL) if key.endswith(_PROPOSAL) else None


class Fit(Struct, frozen=True):
    """Unit that a key names."""

    unit: str
    pack: Pack
    fields: dict[str, str]


def pack_of(key: str) -> Pack:
    """Container by a key's ending; none for another ending."""
    return next((pack for ending, pack in _ENDINGS.items() if key.endswith(ending)), Pack.NONE)


def is_of_folders(rules: ArchiveSet) -> bool:
    """True if the units of a set are several objects each, below a key of their own."""
    return rules.pack is Pack.NONE and rules.unit is not UnitKind.FILE


class KeyPattern:
    """Keys of a set, read backwards: the unit and the fields that its layout was filled with.

    A container of any kind fits, since other tools packed otherwise.
    """

    def __init__(self, rules: ArchiveSet) -> None:
        self._packed, self._of_folders = rules.pack is not Pack.NONE, is_of_folders(rules)
        self._pieces = tuple(_pieces(parse_layout(rules.layout)))
        self.depth = _depth_of(rules)

    def fit(self, key: str) -> Fit | None:
        """Unit that a key is of; None for one that the layout does not make."""
        if key.startswith(f"{STATE_DIR}/") or key.endswith((index_key(""), _PROPOSAL)):
            return None
        if self._of_folders:
            top, _, rest = self.split(key)
            return self._fit(top, Pack.NONE) if rest else None
        if not self._packed:
            return self._fit(key, Pack.NONE)
        ending = next((one for one in _ENDINGS if key.endswith(one)), None)
        if ending is None:
            return None
        return self._fit(key.removesuffix(ending), _ENDINGS[ending]) or self._fit(key, _ENDINGS[ending])

    def split(self, key: str) -> tuple[str, str, str]:
        """A key parted where that of a unit ends, which is several objects: unit, `/`, and the path in it."""
        names = key.split("/")
        rest = "/".join(names[self.depth :])
        return "/".join(names[: self.depth]), "/" if rest else "", rest

    def fit_folder(self, key: str) -> Fit | None:
        """The unit whose folder a key is."""
        return self._fit(key, Pack.NONE)

    def _fit(self, text: str, pack: Pack) -> Fit | None:
        fields = values_of(self._pieces, text)
        if fields is None:
            return None
        name = next((fields[one] for one in ("path", "id", "name") if one in fields), None)
        if name is None:
            name = fields["stem"] + (f".{fields['ext']}" if "ext" in fields else "") if "stem" in fields else text
        last = name.rpartition("/")[2]
        if "range" in fields and fields["range"] != range_of(last):
            return None
        return Fit(name, pack, {"id": last, "name": last, **fields})


def may_be_unit_of(rules: ArchiveSet, key: str, unit: str) -> bool:
    """True if the layout makes a key of a unit of that name, and no other program obeys what lies there.

    An index says which unit its key is of, and anybody may have written it: it must not lead to another one.
    """
    if obeyed_refusal(unit) is not None:
        return False
    if not parse_layout(rules.layout).needs & {"path", "id", "name", "stem"}:
        return True
    fit = KeyPattern(rules).fit_folder(key)
    return fit is not None and _last(fit.unit) == _last(unit)


def _last(unit: str) -> str | None:
    try:
        return name_of(unit.rpartition("/")[2])
    except LayoutError:
        return None


def _depth_of(rules: ArchiveSet) -> int:
    """Names in the key of a unit. `{path}` has as many as the source has below its first wildcard."""
    names = [name for name in rules.source.split("/") if name not in ("", ".")]
    first = next((number for number, name in enumerate(names) if set("*?[") & set(name)), len(names))
    return rules.layout.count("/") + 1 + (max(len(names) - first, 1) - 1) * rules.layout.count("{path}")


def _pieces(layout: Layout) -> Iterable[Piece]:
    """Pieces of a layout; a field that comes again must be the same."""
    seen = set[str]()
    for part in layout.parts:
        if isinstance(part, str):
            yield Piece(part)
        elif part.name == "captured":
            yield Piece(form=re.compile(_time(part.format)))
        elif part.name in seen:
            yield Piece(again=part.name)
        else:
            seen.add(part.name)
            yield Piece(form=re.compile(_value(part)), is_open=part.name not in (*_DIGITS, "md5"), name=part.name)


def _value(part: Field) -> str:
    if part.name in _DIGITS:
        return f"[0-9]{{{_DIGITS[part.name]}}}"
    if part.name == "md5":
        return "[0-9a-f]{32}"
    if part.name == "ext":
        return "[^/.]+"
    return ".+" if part.name == "path" else "[^/]+"


def _time(form: str) -> str:
    pieces = re.split(r"%(.)", form)
    return "".join(f"[0-9]{{{_TIMES[one]}}}" if number % 2 else re.escape(one) for number, one in enumerate(pieces))


def without_top(members: Iterable[Member], unit: str) -> tuple[Member, ...]:
    """Members with paths below the unit's own folder, if that is the one folder that the archive has on top.

    Names that lead elsewhere are kept as they are: a restore refuses them.
    """
    members = tuple(members)
    top = unit.rpartition("/")[2]
    plain = [member.path for member in members if path_problem(member.path) is None]
    if not plain or any(path != top and not path.startswith(f"{top}/") for path in plain):
        return members
    return tuple(
        replace(member, path=member.path[len(top) + 1 :]) if member.path.startswith(f"{top}/") else member
        for member in members
        if member.path != top
    )
