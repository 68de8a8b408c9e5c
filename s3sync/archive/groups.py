"""Units of files with the same fields, such as the frames of one object in one night."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from s3sync.archive import fields as read
from s3sync.archive.companions import with_companions
from s3sync.archive.outline import Outline
from s3sync.archive.walk import Selection, in_order
from s3sync.core.archive.layout import LayoutError, key_for, name_of, parse_layout, range_of
from s3sync.core.archive.values import ArchiveSet, Source
from s3sync.disk.errors import reason_of


def groups(chosen: ArchiveSet, base: Path, real: str, files: list[Source], selection: Selection) -> Iterator[Outline]:
    """One outline for each text that `group` gives, and a refused one for each file without such a text.

    `base` is the folder of all, and `real` its real path.
    """
    template, layout = parse_layout(chosen.group or ""), parse_layout(chosen.layout)
    needs = template.needs | layout.needs
    members: dict[str, list[Source]] = {}
    beside: dict[str, list[Source]] = {}
    known: dict[str, dict[str, str]] = {}
    for main, sidecars in with_companions(files, selection):
        try:
            fields = read.of_file(chosen, real, main.path, main.mtime_ns, needs)
            name = name_of(template.render(fields))
        except (LayoutError, OSError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else str(error)
            yield Outline(main.path, str(base), refused=reason, sources=(main,))
            continue
        members.setdefault(name, []).append(main)
        beside.setdefault(name, []).extend(sidecars)
        if "night" in fields:
            fields |= read.of_night(fields["night"])
        known[name] = read.shared([known[name], fields]) if name in known else fields
    for name, sources in members.items():
        fields = {**known[name], **_of_group(name)}
        try:
            key, refused = key_for(chosen, layout, fields), None
        except LayoutError as error:
            key, refused = "", f"{error}; its files may differ in it"
        yield Outline(name, str(base), key, fields, refused, in_order(sources), in_order(beside[name]))


def _of_group(name: str) -> dict[str, str]:
    found = range_of(name)
    return {"id": name, "name": name, "stem": name, "path": name, **({"range": found} if found else {})}
