"""s3sync's block in a `.gitignore`."""

from __future__ import annotations

import io

START = "# >>> s3sync >>>"
END = "# <<< s3sync <<<"


def merge_gitignore(existing: str, template: str) -> str:
    """`existing` with the template between the markers exactly once; merging again changes nothing.

    An older block is replaced where it stands, otherwise the block goes to the end; it also moves there from above a
    line that takes one of its patterns back (`!s3-staging/`). Every line outside of a block is kept as it is, as are
    the file's line ends. A marker without its partner is dropped, and the lines around it stay.
    """
    kept, place = _without_blocks(existing)
    patterns = {_core(line) for line in map(_bare, template.splitlines()) if line and not line.startswith("#")}
    if place is not None and any(line.startswith("!") and _core(_bare(line)[1:]) in patterns for line in kept[place:]):
        place = None
    newline = _newline(kept, existing)
    if place is None:
        if kept and not kept[-1].endswith("\n"):
            kept[-1] += "\n" if kept[-1].endswith("\r") else newline
            newline = _newline(kept, existing)
        if kept and kept[-1].strip():
            kept.append(newline)
        place = len(kept)
    wanted = [line for line in map(_bare, template.splitlines()) if line not in (START, END)]
    block = [line + newline for line in (START, *_trimmed(wanted), END)]
    return "".join([*kept[:place], *block, *kept[place:]])


def _core(pattern: str) -> str:
    """What a pattern for a folder of that name anywhere is about."""
    return pattern.removesuffix("/**").removesuffix("/*").strip("/").removeprefix("**/")


def _newline(lines: list[str], text: str) -> str:
    """How most of the user's lines end; without any, how those of an older block do."""
    merge_by_path = sum(line.endswith("\r\n") for line in lines)
    ended = sum(line.endswith("\n") for line in lines)
    return "\r\n" if (2 * merge_by_path > ended if ended else "\r\n" in text) else "\n"


def _without_blocks(text: str) -> tuple[list[str], int | None]:
    """The lines outside of blocks, and where among them the first block was."""
    kept: list[str] = []
    place: int | None = None
    block: list[str] | None = None
    for line in io.StringIO(text, newline="\n"):
        marker = _bare(line)
        if marker == START:
            kept.extend(block or ())
            block = []
        elif marker == END:
            if block is not None and place is None:
                place = len(kept)
            block = None
        elif block is not None:
            block.append(line)
        else:
            kept.append(line)
    return kept + (block or []), place


def _bare(line: str) -> str:
    return line.lstrip("\ufeff").rstrip()


def _trimmed(lines: list[str]) -> list[str]:
    """Without empty lines at both ends."""
    full = [number for number, line in enumerate(lines) if line]
    return lines[full[0] : full[-1] + 1] if full else []
