"""The three-way table: what base, local and remote hold, and what that is called."""

from __future__ import annotations

import pytest

from s3sync.core.entries import Entry, needs_digest, same
from s3sync.core.reconcile import ConflictKind, State, decide, reconcile

# Every combination of absent (-) and three contents. The columns are what the remote holds.
TABLE = """
base local | -               A                B                C
-    -     | in_sync         remote_new       remote_new       remote_new
-    A     | local_new       in_sync          conflict         conflict
-    B     | local_new       conflict         in_sync          conflict
-    C     | local_new       conflict         conflict         in_sync
A    -     | in_sync         local_deleted    conflict         conflict
A    A     | remote_deleted  in_sync          remote_modified  remote_modified
A    B     | conflict        local_modified   in_sync          conflict
A    C     | conflict        local_modified   conflict         in_sync
B    -     | in_sync         conflict         local_deleted    conflict
B    A     | conflict        in_sync          local_modified   conflict
B    B     | remote_deleted  remote_modified  in_sync          remote_modified
B    C     | conflict        conflict         local_modified   in_sync
C    -     | in_sync         conflict         conflict         local_deleted
C    A     | conflict        in_sync          conflict         local_modified
C    B     | conflict        conflict         in_sync          local_modified
C    C     | remote_deleted  remote_modified  remote_modified  in_sync
"""

# All have one size, so that only their digests tell them apart.
CONTENTS = {"-": None, "A": Entry(1, "a" * 32), "B": Entry(1, "b" * 32), "C": Entry(1, "c" * 32)}


def rows() -> list[tuple[str, str, str, str]]:
    """(base, local, remote, state) for each of the 64 cells."""
    head, *lines = TABLE.strip().splitlines()
    remotes = head.split("|")[1].split()
    found = []
    for line in lines:
        sides, states = line.split("|")
        base, local = sides.split()
        found += [(base, local, remote, state) for remote, state in zip(remotes, states.split(), strict=True)]
    return found


def test_the_table_has_every_combination_once() -> None:
    assert len({row[:3] for row in rows()}) == len(rows()) == 4**3


@pytest.mark.parametrize(("base", "local", "remote", "state"), rows())
def test_table(base: str, local: str, remote: str, state: str) -> None:
    b, here, there = CONTENTS[base], CONTENTS[local], CONTENTS[remote]
    decision = decide("cut/a.mp4", b, here, there)
    assert decision.state == state
    assert (decision.path, decision.base, decision.local, decision.remote) == ("cut/a.mp4", b, here, there)
    assert (decision.conflict_kind is not None) == (state == "conflict")


@pytest.mark.parametrize(
    ("base", "local", "remote", "kind"),
    [
        ("A", "B", "C", ConflictKind.BOTH_EDITED),
        ("-", "A", "B", ConflictKind.BOTH_ADDED),
        ("A", "B", "-", ConflictKind.EDITED_HERE_DELETED_THERE),
        ("A", "-", "B", ConflictKind.DELETED_HERE_EDITED_THERE),
    ],
)
def test_conflict_kinds(base: str, local: str, remote: str, kind: ConflictKind) -> None:
    assert decide("a", CONTENTS[base], CONTENTS[local], CONTENTS[remote]).conflict_kind is kind


def test_gone_is_only_what_both_sides_deleted() -> None:
    a = CONTENTS["A"]
    assert decide("a", a, None, None).gone
    assert not decide("a", a, a, a).gone
    assert not decide("a", a, None, a).gone
    assert not decide("a", a, a, None).gone


MD5, OTHER = "a" * 32, "b" * 32


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param(None, None, True, id="absent and absent"),
        pytest.param(None, Entry(0, MD5), False, id="absent and an empty file"),
        pytest.param(Entry(1, MD5), Entry(1, MD5), True, id="equal MD5"),
        pytest.param(Entry(1, MD5), Entry(1, OTHER), False, id="same size, other MD5"),
        pytest.param(Entry(1, MD5), Entry(2, MD5), False, id="equal MD5, other size"),
        pytest.param(Entry(1, None), Entry(1, None), False, id="unknown and unknown"),
        pytest.param(Entry(1, MD5), Entry(1, None), False, id="known and unknown"),
        pytest.param(Entry(1, None, "e-2"), Entry(1, None, "e-2"), True, id="unknown MD5, equal ETag"),
        pytest.param(Entry(1, None, "e-2"), Entry(1, None, "f-2"), False, id="unknown MD5, other ETag"),
        pytest.param(Entry(1, MD5, "e-2"), Entry(1, None, "e-2"), True, id="one MD5 unknown, equal ETag"),
        pytest.param(Entry(1, MD5, "e-2"), Entry(1, MD5, "f-3"), True, id="equal MD5, other ETag"),
        pytest.param(Entry(1, None, "e-2"), Entry(2, None, "e-2"), False, id="equal ETag, other size"),
        pytest.param(Entry(1, MD5, None, 1), Entry(1, MD5, None, 2), True, id="mtime is not compared"),
    ],
)
def test_same(a: Entry | None, b: Entry | None, expected: bool) -> None:
    assert same(a, b) is expected
    assert same(b, a) is expected


@pytest.mark.parametrize(
    ("base", "local", "remote", "state"),
    [
        pytest.param(None, Entry(1, MD5), Entry(1, None), State.CONFLICT, id="new on both, remote unknown"),
        pytest.param(Entry(1, None), Entry(1, MD5), None, State.CONFLICT, id="base unknown, gone on the remote"),
        pytest.param(Entry(1, None), None, Entry(1, MD5), State.CONFLICT, id="base unknown, gone here"),
        pytest.param(Entry(1, MD5), Entry(1, MD5), Entry(1, None), State.REMOTE_MODIFIED, id="remote unknown"),
        pytest.param(Entry(1, MD5), Entry(1, None), Entry(1, MD5), State.LOCAL_MODIFIED, id="local unknown"),
        pytest.param(
            Entry(1, MD5, "e"), Entry(1, OTHER), Entry(1, None, "e"), State.LOCAL_MODIFIED, id="remote still that ETag"
        ),
        pytest.param(Entry(1, MD5, "e"), None, Entry(1, None, "e"), State.LOCAL_DELETED, id="deleted here, that ETag"),
        pytest.param(
            Entry(1, MD5, "e"), Entry(1, MD5), Entry(1, None, "e"), State.IN_SYNC, id="neither differs from the base"
        ),
    ],
)
def test_unknown_is_not_same(base: Entry | None, local: Entry | None, remote: Entry | None, state: State) -> None:
    assert decide("a", base, local, remote).state is state


def test_every_path_that_any_side_knows_is_decided_once_and_sorted() -> None:
    a = Entry(1, MD5)
    decisions = reconcile({"only base": a, "x": a}, {"only local": a, "x": a}, {"only remote": a, "x": a})
    assert [(d.path, d.state) for d in decisions] == [
        ("only base", State.IN_SYNC),
        ("only local", State.LOCAL_NEW),
        ("only remote", State.REMOTE_NEW),
        ("x", State.IN_SYNC),
    ]


def test_a_folder_shares_a_prefix_with_a_file() -> None:
    """`test/` beside `test-123.txt`, and `foo.txt` beside `foo/`: each path stands for itself."""
    a = Entry(1, MD5)
    names = ["foo.txt", "foo/bar", "test-123.txt", "test/a", "test/b"]
    decisions = reconcile({}, dict.fromkeys(reversed(names), a), {"test/a": a})
    assert {d.path: d.state.value for d in decisions} == {
        "foo.txt": "local_new",
        "foo/bar": "local_new",
        "test-123.txt": "local_new",
        "test/a": "in_sync",
        "test/b": "local_new",
    }


@pytest.mark.parametrize(
    ("size", "others", "expected"),
    [(1, [None, None], False), (1, [Entry(2, MD5), None], False), (1, [None, Entry(1)], True), (0, [Entry(0)], True)],
)
def test_only_a_file_of_equal_size_is_hashed(size: int, others: list[Entry | None], expected: bool) -> None:
    assert needs_digest(size, *others) is expected
