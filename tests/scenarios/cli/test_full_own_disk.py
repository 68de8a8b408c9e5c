"""The disk with the user's own data folder is full: the catalogues, the keys, what two places agreed on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.kit.people import Person

LATER = [
    ["archive", "run"],
    ["archive", "verify"],
    ["archive", "remove", "b40", "--yes"],
    ["restore", "b40"],
    ["keys", "me"],
    ["copy", "films", "./elsewhere"],
]
SAID = ("why: the disk is full\nhint: make room", "why: no space left on device\nhint: free some space")


@pytest.mark.parametrize("left", [0, 32768])
def test_f14_a_full_disk_of_the_users_own_is_said_and_nothing_is_lost(
    david: Person, mount_small_disk: Callable[..., None], tmp_path: Path, left: int
) -> None:
    """SQLite tells it in the words of a broken disk, and the hints led to a look at that, or at the folder's rights."""
    data = david.root / "home/.local/share/s3sync"
    data.mkdir(parents=True, mode=0o700, exist_ok=True)
    mount_small_disk(data, "1m")
    film = david.repo / "films/b40/a.mov"
    film.parent.mkdir(parents=True)
    film.write_text("film")
    with (david.repo / ".s3sync.yaml").open("a") as settings:
        settings.write(f'archives: {{films: {{store: "file://{tmp_path}/archive", source: "films/*"}}}}\n')
    david.ok("archive", "run", cwd=david.repo)
    archived = sorted(path for path in (tmp_path / "archive").rglob("*") if path.is_file())
    for words in LATER:
        _fill(data / "filler", left)
        told = david.run(*words, cwd=david.repo)
        assert "Traceback" not in told.err
        assert told.code in ((0, 1) if left else (1,)), (words, told)
        assert not told.code or any(said in told.err for said in SAID), (words, told)
        assert film.read_text() == "film"
    (data / "filler").unlink()
    if left == 0:
        assert sorted(path for path in (tmp_path / "archive").rglob("*") if path.is_file()) == archived
        david.ok("archive", "verify", cwd=david.repo)


def _fill(filler: Path, left: int) -> None:
    """Leave that much room beside a file."""
    filler.unlink(missing_ok=True)
    with filler.open("wb", buffering=0) as file:
        with suppress(OSError):
            while file.write(bytes(4096)):
                pass
        file.truncate(max(0, file.tell() - left))
