"""Every kind of name on every kind of disk: it arrives there under its own name, or is reported; never as another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.core.names import nfc, windows_reason
from tests.scenarios.names.conftest import Pair
from tests.scenarios.names.disks import nfd

PutOn = Callable[[str], None]

# What docs/names.md calls it, a name of that kind, and the disks that cannot have it.
CARRIED = [
    ("accents (NFC)", "été.mp4", ()),
    ("accents (NFD)", nfd("noël/scène.mp4"), ()),
    ("emoji", "🎬 👩‍👩‍👧.mp4", ()),
    ("255 bytes", "x" * 251 + ".mp4", ()),
    ("dots and blanks inside", "a. b ..c.mp4", ()),
    ("a dot or blank at the end", "draft.", ("windows",)),
    ("a dot or blank at the end", "cut /a.mp4", ("windows",)),
    ("device names", "con.mp4", ("windows",)),
    ("device names", "cut/NUL", ("windows",)),
    ("device names", "lpt1.tar.gz", ("windows",)),
    ('`< > : " | ? *`', "take 1?.mp4", ("windows",)),
    ('`< > : " | ? *`', "take 2:30.mp4", ("windows",)),
]
REFUSED = [
    ("newline and other control characters", "a\nb.mp4"),
    ("newline and other control characters", "a\x1b[31mb.mp4"),
    ("backslash", "a\\b.mp4"),
    ("drive letters", "C:x"),
    ("`.s3sync` and `metadata.json`", "Metadata.json"),
    ("`.s3sync` and `metadata.json`", ".s3\u200csync"),
    ("`.s3sync` and `metadata.json`", ".s3sync."),
    ("`.s3sync` and `metadata.json`", "S3SYNC~1"),
]


def arrived(people: Pair) -> dict[str, bytes]:
    """What stands in Jan's folder, by NFC names."""
    staging = people.jan.staging
    return {nfc(name): (staging / name).read_bytes() for name in people.jan.files()}


@pytest.mark.parametrize("disk", ["linux", "mac", "old mac", "windows"])
def test_every_kind_of_name_on(people: Pair, put_on: PutOn, disk: str) -> None:
    for _, name, _ in CARRIED:
        people.david.write(name, f"content of {nfc(name)}")
    (warning,) = people.davids("up").warnings
    assert "colleagues on Windows cannot download '" in warning and "(and 6 more)" in warning
    there = people.remote()
    assert there.keys() == {nfc(name) for _, name, _ in CARRIED}
    put_on(disk)
    missing = {name for _, name, disks in CARRIED if disk in disks}
    for verb in ("down", "sync"):
        report = people.run(verb)
        assert {problem.path for problem in report.failed} == missing
        assert report.exit_code == (3 if missing else 0)
        assert all("Windows" in problem.error and problem.hint for problem in report.failed)
    again = people.run("sync")
    assert not (again.downloaded or again.uploaded or again.deleted)
    assert arrived(people) == {name: body for name, body in there.items() if name not in missing}
    assert people.remote() == there
    assert {file.state.value for file in people.status().files} == {"in_sync"}


def test_names_that_are_refused_everywhere_stay_where_they_are(people: Pair) -> None:
    for _, name in REFUSED:
        people.jan.write(name, "mine")
    people.jan.write("good.mp4", "good")
    for verb in ("up", "sync"):
        report = people.run(verb)
        assert {problem.path for problem in report.failed} == {name for _, name in REFUSED} and report.exit_code == 3
        assert people.remote().keys() == {"good.mp4"}
    assert people.jan.files().keys() == {"good.mp4", *(name for _, name in REFUSED)}


def test_what_a_windows_disk_cannot_have_is_left_alone_there_for_ever(people: Pair, put_on: PutOn) -> None:
    """Not downloaded, not taken for deleted, not mapped to a name that Windows would make of it."""
    people.david.write("draft.", "with a dot")
    people.david.write("draft", "without")
    people.davids("up")
    put_on("windows")
    for verb in ("down", "sync", "sync"):
        assert [problem.path for problem in people.run(verb).failed] == ["draft."]
    assert arrived(people) == {"draft": b"without"}
    (people.jan.staging / "draft").write_text("edited here")
    assert people.run("sync").exit_code == 3
    assert people.remote() == {"draft.": b"with a dot", "draft": b"edited here"}


def test_two_forms_of_one_accent_meet_in_one_file(people: Pair, put_on: PutOn) -> None:
    """A Mac writes NFD, this system NFC: an edit on one side replaces the file on the other, in both directions."""
    people.david.write("été/scène.mp4", "first")
    people.davids("up")
    put_on("old mac")
    people.run("down")
    (mine,) = people.jan.staging.rglob("*.mp4")
    assert str(mine.relative_to(people.jan.staging)) == nfd("été/scène.mp4")
    mine.write_text("second, longer")
    assert [moved.name for moved in people.run("sync").uploaded] == ["été/scène.mp4"]
    people.davids("sync")
    assert people.david.read("été/scène.mp4") == b"second, longer"
    people.david.write("été/scène.mp4", "the third one")
    people.davids("sync")
    people.run("sync")
    assert mine.read_text() == "the third one" and len(people.jan.files()) == 1


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("a.mp4", None),
        ("cut/con", "device"),
        ("con .txt", "device"),
        ("COM¹.txt", "device"),
        ("conin$", "device"),
        ("console", None),
        ("com10", None),
        ("a.", "end of a name"),
        ("a /b", "end of a name"),
        (".a", None),
        (" a", None),
        ("a?b", "'?'"),
        ("a:b", "':'"),
    ],
)
def test_what_windows_cannot_have(path: str, why: str | None) -> None:
    reason = windows_reason(path)
    assert reason is None if why is None else why in (reason or "")


def test_the_document_has_a_row_for_each_kind() -> None:
    text = (Path(__file__).parents[3] / "docs" / "names.md").read_text("utf-8")
    rows = {line.split(" | ")[0].removeprefix("| ").strip() for line in text.splitlines() if line.startswith("| ")}
    kinds = {kind for kind, *_ in CARRIED} | {kind for kind, _ in REFUSED}
    assert {kind.replace("|", "\\|") for kind in kinds} <= rows
