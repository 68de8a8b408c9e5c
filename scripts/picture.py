"""Write docs/terminal.svg: what David and Jan see in a terminal while they exchange two files through a SeaweedFS.

Usage: scripts/picture. Run it again when the output of `up`, `status` or `down` has changed. The picture holds its own
fonts' names only, so that showing it asks no other server for anything.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.text import Text  # noqa: E402

from scripts.demo import a_store, edit, environment_for, media_files  # noqa: E402
from tests.kit.people import PROJECT, Person  # noqa: E402
from tests.scenarios.cli.terminal import on_terminal  # noqa: E402

PICTURE = ROOT / "docs" / "terminal.svg"
WIDTH = 84
PIECES = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(\n)|([^\x1b\n]+)")


def type_as(console: Console, person: Person, *words: str) -> None:
    """Run a command on a terminal, and show its prompt and the lines that stay."""
    console.print(Text.assemble((f"{person.name}$ ", "bold green"), (f"s3sync {' '.join(words)}", "bold")))
    shown = on_terminal(person, *words, env={"COLUMNS": str(WIDTH), "COLORTERM": "truecolor"}).out
    for line in staying_lines(shown):
        console.print(Text.from_ansi(line))
    console.print()


def staying_lines(shown: str) -> list[str]:
    """The lines with text that are left in the end. A progress bar goes up and erases before it is drawn again."""
    lines, row = [""], 0
    for number, code, newline, text in PIECES.findall(shown):
        if newline:
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif code == "A":
            row = max(0, row - int(number or 1))
        elif code == "K":
            lines[row] = ""
        elif code == "m":
            lines[row] += f"\x1b[{number}m"
        elif text:
            lines[row] += text.replace("\r", "")
    return [line for line in lines if Text.from_ansi(line).plain.strip()]


def without_foreign_fonts(svg: str) -> str:
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def main() -> None:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory(prefix="s3sync-picture-") as name:
        folder = Path(os.path.realpath(name))
        with a_store(True, folder) as (flags, environments):
            david, jan = environment_for(folder, environments)
            for person in (david, jan):
                person.ok("init", PROJECT, *flags, "--user", person.name, cwd=person.repo)
            clip = next(path for path in media_files() if path.suffix == ".mp4")
            still = next(path for path in media_files() if path.suffix == ".jpg")
            edit(david, "draft.mp4", clip)
            edit(david, "stills/poster.jpg", still)
            type_as(console, david, "up")
            type_as(console, jan, "status")
            type_as(console, jan, "down")
    svg = console.export_svg(title="s3sync", unique_id="s3sync")
    PICTURE.write_text(without_foreign_fonts(svg), "utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
