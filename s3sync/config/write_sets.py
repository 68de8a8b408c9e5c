"""Write archive sets into a settings file, keeping the lines and comments that people wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from s3sync.config.files import REPO_KIND, USER_KIND, parse_settings
from s3sync.config.locate import exists
from s3sync.config.read import read_text
from s3sync.config.write import REPO_HEADER, USER_HEADER, place_text, refuse_link, rendered
from s3sync.core.archive.values import ArchiveSet
from s3sync.errors import ConfigError

if TYPE_CHECKING:
    from yaml.nodes import Node

KEY = "archives"
Rules = Mapping[str, object]


def write_sets(path: Path, sets: Mapping[str, Rules], *, committed: bool, dry_run: bool = False) -> bool:
    """Add sets to `.s3sync.yaml` (`committed`) or to the user's own file; whether the file changed.

    Sets that stand there just so are left alone. Raises `ConfigError` for another set of the same name, for rules that
    are not valid, and for a file that is laid out too unusually; the old file is untouched then.
    """
    kind = REPO_KIND if committed else USER_KIND
    if committed:
        refuse_link(path)
    else:
        path = path.resolve()
    old = read_text(path, within=path.parent if committed else None) if exists(path) else None
    before = _sets_in(old or "", path, committed)
    new, wanted = old if old is not None else (REPO_HEADER if committed else USER_HEADER), {}
    for name, rules in sets.items():
        alone = set_of(name, rules, path, committed=committed)
        if name in before:
            _refuse_other(before[name], alone, path)
            continue
        wanted[name] = alone
        new = _with_block(new, name, rules, path)
    if not wanted:
        return False
    if _sets_in(new, path, committed) != {**before, **wanted} or parse_settings(new, path, kind).keys() - {KEY} != (
        parse_settings(old or "", path, kind).keys() - {KEY}
    ):
        raise ConfigError(f"cannot change {path}", why="its layout is unusual", hint="add the set by hand")
    if not dry_run:
        place_text(path, new, private=not committed)
    return True


def set_of(name: str, rules: Rules, path: Path, *, committed: bool) -> ArchiveSet:
    """The set that these rules make in a file. Raises `ConfigError`."""
    return _sets_in(f"{KEY}:\n{block(name, rules)}", path, committed)[name]


def block(name: str, rules: Rules, indent: str = "  ") -> str:
    """A set as it stands in the file."""
    lines = [f"{indent}{name}:", *(f"{indent * 2}{key}: {rendered(value)}" for key, value in rules.items())]
    return "\n".join(lines) + "\n"


def _sets_in(text: str, path: Path, committed: bool) -> Mapping[str, ArchiveSet]:
    found = parse_settings(text, path, REPO_KIND if committed else USER_KIND).get(KEY)
    return found.value if found else {}  # type: ignore[return-value]


def _refuse_other(old: ArchiveSet, new: ArchiveSet, path: Path) -> None:
    if old != new:
        raise ConfigError(
            f"there is an archive set {old.name!r} already, with other rules",
            why=f"it stands in {path}",
            hint="rename that one there or change it by hand; `s3sync archive init` takes another name with --name",
        )


def _with_block(text: str, name: str, rules: Rules, path: Path) -> str:
    from s3sync.config import nodes

    newline = "\r\n" if "\r\n" in text else "\n"
    places = {key: node for key, _, node in nodes.pairs(nodes.compose(text, path), path)}
    if text and not text.endswith(("\n", "\ufeff")):
        text += newline
    node = places.get(KEY)
    if node is None:
        return text + f"{KEY}:\n{block(name, rules)}".replace("\n", newline)
    if getattr(node, "flow_style", True) or not node.value:
        raise ConfigError(f"cannot change {KEY!r} in {path}", why="its value is not in lines of its own", hint=_BY_HAND)
    added = block(name, rules, " " * node.value[0][0].start_mark.column).replace("\n", newline)
    end = text.find("\n", _end(node))
    at = len(text) if end < 0 else end + 1
    return text[:at] + added + text[at:]


_BY_HAND = "write each set below its name, or add the set by hand"


def _end(node: Node) -> int:
    """Where the last value in a mapping ends: its own end lies behind the comments that follow."""
    value = node.value
    while isinstance(value, list) and value and not getattr(node, "flow_style", False):
        last = value[-1]
        node = last[1] if isinstance(last, tuple) else last
        value = node.value
    return int(node.end_mark.index) - (0 if getattr(node, "style", None) in (None, '"', "'") else 1)
