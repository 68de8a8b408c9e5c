"""Words and numbers of an index, a server and an older tool's file: shown as text, counted with bounds."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import json
from msgspec.structs import replace

from s3sync.archive import indexes
from s3sync.archive.codecs import zstd_module
from s3sync.archive.indexes import read_rows, rows_key
from s3sync.archive.rules import RulesView
from s3sync.archive.unpacking import unpacked
from s3sync.cli.output import say, warn
from s3sync.cli.show.archive_list import print_stats
from s3sync.cli.show.archive_rules import print_rules
from s3sync.core.archive.importing import import_config
from s3sync.core.archive.index import index_text, parse_index
from s3sync.core.archive.lifecycle import Difference, Wanted
from s3sync.core.archive.records import Statistic, date_of
from s3sync.core.archive.values import Frame, Index, Kind, Member, Pack
from s3sync.errors import ArchiveError
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite
from tests.kit.people import Person

INDEX = Index(
    1, "m42", "units", "m42.tar.gz", Pack.TAR_GZ, (Member("a", Kind.FILE, 1, 0o644, 0, "0" * 64),), 10, 1,
    datetime(2026, 1, 1, tzinfo=UTC), "jan",
)  # fmt: skip
MEMBER = INDEX.members[0]


@pytest.mark.parametrize(
    "bad", ["\x1bc", "\x1b[8m", "\x1b[30;40m", "\x9b2J", "\u202ex", "\u2066x", "\x07", "\x1b]0;x", "a\u2028b", "\x7f"]
)
def test_no_line_that_is_said_is_obeyed(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A last gate: also where somebody forgot to escape a word of others."""
    say(f"é {bad}")
    warn(f"\x1b[32mok\x1b[0m {bad}")
    print_stats([Statistic("2026-01-01", "units", bad, 1, 1, 1, 1)], every=True)
    found = capsys.readouterr()
    shown = found.out + found.err.replace("\x1b[32mok\x1b[0m", "")
    assert not {char for char in bad if not char.isprintable()} & set(shown)
    assert "\x1b[32mok\x1b[0m" in found.err and "é" in found.out


@pytest.mark.parametrize(
    ("fields", "date"),
    [
        ({"year": "2024", "month": "\x1bc", "day": "=1"}, "2024-01-01"),
        ({"year": "2024", "month": "٣", "day": "123"}, "2024-01-01"),
        ({"year": "2024", "month": "3", "day": "09"}, "2024-03-09"),
    ],
)
def test_a_date_of_fields_is_digits_alone(fields: dict[str, str], date: str) -> None:
    assert date_of(replace(INDEX, fields=fields)) == date


@pytest.mark.parametrize(
    "index",
    [
        replace(INDEX, size=10**400),
        replace(INDEX, original_size=2**64),
        replace(INDEX, members=(replace(MEMBER, size=10**400),)),
        replace(INDEX, members=(replace(MEMBER, offset=10**400),)),
        replace(INDEX, sidecars=(replace(MEMBER, key="b", size=2**70),)),
        replace(INDEX, frames=(Frame(0, 10, 10**400),)),
    ],
)
def test_a_number_that_nothing_can_have_is_one_error(index: Index) -> None:
    text = json.encode(replace(INDEX, members=()))
    parse_index(text, None, "it")
    with pytest.raises(ArchiveError, match=r"cannot use it"):
        parse_index(_encoded(index), None, "it")


def _encoded(index: Index) -> bytes:
    """JSON with numbers of any size, which msgspec does not write."""
    import json as standard

    from msgspec import to_builtins

    return standard.dumps(to_builtins(index), default=str).encode()


def test_a_rule_with_a_date_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    rule = {"ID": "x", "Status": "Enabled", "Prefix": "", "Expiration": {"Date": datetime(2030, 1, 1, tzinfo=UTC)}}
    view = RulesView("s3://b", "", (rule,), Wanted(()), Difference((), (), (), (), (rule,)))
    print_rules("show", [view], verbose=True, quiet=False, dry_run=False)
    assert "2030-01-01" in capsys.readouterr().out


@pytest.mark.parametrize("speed", [1e308, 10**400])
def test_a_speed_that_no_line_has_is_passed_over(speed: float) -> None:
    found = import_config({"buckets": {"primary": "bucket"}, "upload_settings": {"max_bandwidth_mbps": speed}})
    assert "bwlimit" not in found.settings


def test_a_file_that_git_shares_says_nothing_in_ones_own_settings(tmp_path: Path) -> None:
    """Nobody is asked about the stores of one's own settings."""
    person = Person("david", tmp_path / "david", {"S3SYNC_TRUST": "0"}, fresh=True)
    person.repo.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", "."], cwd=person.repo, check=True)
    (person.repo / ".video-tools.env").write_text("SSD_BASE=/\nS3_ARCHIVE_BUCKET=somebody-elses\n")
    (person.repo / "mine.env").symlink_to(".video-tools.env")
    person.ok("archive", "import", ".video-tools.env", "--dry-run", cwd=person.repo)
    subprocess.run(["git", "add", "-f", ".video-tools.env"], cwd=person.repo, check=True)
    for name in (".video-tools.env", "mine.env"):
        refused = person.expect(2, "archive", "import", name, cwd=person.repo)
        assert "git tracks it" in refused.err
    assert not list(person.root.rglob("config.yaml"))


@pytest.mark.parametrize("pack", [Pack.TAR_GZ, Pack.TAR_ZST])
def test_an_archive_of_tiny_frames_ends(pack: Pack) -> None:
    """Each costs as much as a real one: a gigabyte of them would be read for hours."""
    empty = gzip.compress(b"", mtime=0) if pack is Pack.TAR_GZ else zstd_module().compress(b"")
    usual = gzip.compress(bytes(65_280)) if pack is Pack.TAR_GZ else zstd_module().compress(bytes(65_280))
    blocks = usual * 500  # as bgzip writes an empty disk image
    assert sum(map(len, unpacked(pack, [blocks], len(blocks), "it"))) == 500 * 65_280
    with pytest.raises(ArchiveError, match=r"tiny frames"):
        for _ in unpacked(pack, [empty * 60_000], len(empty) * 60_000, "it"):
            pass


@pytest.mark.parametrize(
    ("body", "is_read"),
    [
        (b"\n" * 3, True),
        (b"\n" * 4, False),
        (b" \r\n" * 3, True),
        (b"\r" * 4, True),
        (b"\x0b\x0c\x1c\x85" * 4, False),
        (index_text(INDEX) + b"\r" + index_text(INDEX), False),
    ],
)
def test_the_lines_of_rows_are_those_that_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes, is_read: bool
) -> None:
    """Of 512 MiB of carriage returns each would else be a line, in 4 GiB of memory."""
    monkeypatch.setattr(indexes, "MOST_ROWS", 3)
    store = FolderStore(tmp_path, create=True)
    digest = hashlib.md5(body).digest()
    store.put(rows_key("units"), body, mode=Overwrite(), headers=Headers(), md5=digest)
    if is_read:
        assert read_rows(store, "units") == {}
    else:
        with pytest.raises(ArchiveError):
            read_rows(store, "units")
