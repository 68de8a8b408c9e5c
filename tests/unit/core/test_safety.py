"""The gate: which plans are refused before anything is written."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from s3sync.core import safety
from s3sync.core.entries import Entry, Snapshot
from s3sync.core.plan import Action, Do, Plan, Verb
from s3sync.core.safety import Earlier
from s3sync.errors import Halt
from s3sync.sync.gating import losses


def entry(i: int) -> Entry:
    return Entry(1, f"{i:032x}")


def gate(plan: Plan, base: Snapshot, here: Snapshot, there: Snapshot, **options: Any) -> Counter[Do]:
    """The gate, told of losses as a run tells it."""
    return safety.gate(plan, base, here, there, lost=losses(plan, here, there), **options)


def snapshot(n: int) -> dict[str, Entry]:
    """None of the files that a plan deletes: those have other numbers."""
    return {f"{i}.mp4": entry(i) for i in range(1000, 1000 + n)}


def deleting(local: int, remote: int) -> Plan:
    """A plan with that many deletions on each side, and an upload for good measure."""
    kinds = [Do.DELETE_LOCAL] * local + [Do.DELETE_REMOTE] * remote + [Do.UPLOAD]
    return Plan(Verb.SYNC, actions=[Action(do, f"{i}.mp4", entry(i), entry(i)) for i, do in enumerate(kinds)])


# `base`, `here`, `there`: how many files each knows. `del here`, `del there`: how many deletions are planned.
TABLE = """
base here there | del_here del_there | max complete | verdict
10   10   10    | 0        0         | -   yes      | goes on
10   10   0     | 0        0         | -   yes      | goes on
10   10   10    | 0        0         | -   no       | goes on
10   10   10    | 0        0         | 0   no       | goes on
10   10   9     | 1        0         | -   yes      | goes on
10   10   9     | 1        0         | -   no       | halts
10   10   9     | 1        0         | 99  no       | halts
10   9    10    | 0        1         | -   no       | halts
10   10   5     | 5        0         | -   yes      | goes on
10   5    10    | 0        5         | -   yes      | goes on
10   10   4     | 6        0         | -   yes      | halts
10   4    10    | 0        6         | -   yes      | halts
11   11   6     | 5        0         | -   yes      | goes on
11   11   5     | 6        0         | -   yes      | halts
10   5    5     | 5        5         | -   yes      | goes on
10   10   0     | 10       0         | -   yes      | halts
10   0    10    | 0        10        | -   yes      | halts
1    1    0     | 1        0         | -   yes      | halts
1    0    1     | 0        1         | -   yes      | halts
10   3    0     | 3        0         | -   yes      | halts
10   0    3     | 0        3         | -   yes      | halts
10   10   8     | 2        0         | 3   yes      | goes on
10   10   7     | 3        0         | 3   yes      | goes on
10   10   6     | 4        0         | 3   yes      | halts
10   8    8     | 2        2         | 3   yes      | halts
10   8    9     | 1        2         | 3   yes      | goes on
10   10   9     | 1        0         | 0   yes      | halts
10   10   0     | 10       0         | 10  yes      | goes on
10   0    10    | 0        10        | 10  yes      | goes on
10   10   0     | 10       0         | 9   yes      | halts
"""


def rows() -> list[tuple[str, ...]]:
    lines = TABLE.strip().splitlines()[1:]
    return [(*line.replace("|", " ").split()[:7], line.split("|")[3].strip()) for line in lines]


@pytest.mark.parametrize(
    ("base", "here", "there", "del_here", "del_there", "limit", "complete", "verdict"), rows(), ids=" ".join
)
def test_gate(
    base: str, here: str, there: str, del_here: str, del_there: str, limit: str, complete: str, verdict: str
) -> None:
    halted = False
    try:
        gate(
            deleting(int(del_here), int(del_there)),
            snapshot(int(base)),
            snapshot(int(here)),
            snapshot(int(there)),
            max_delete=None if limit == "-" else int(limit),
            complete=complete == "yes",
        )
    except Halt:
        halted = True
    assert halted == (verdict == "halts")


@pytest.mark.parametrize(
    ("plan", "here", "there", "limit", "why", "hint"),
    [
        pytest.param(deleting(10, 0), 10, 0, None, "the remote is suddenly empty", "--max-delete 10", id="remote"),
        pytest.param(deleting(0, 10), 0, 10, None, "this computer is suddenly empty", "--max-delete 10", id="local"),
        pytest.param(deleting(6, 0), 10, 4, None, "the remote lost 6 of the 10 files", "--max-delete 6", id="most"),
        pytest.param(deleting(6, 2), 8, 4, None, "6 files would be deleted on this", "--max-delete 8", id="both"),
        pytest.param(deleting(2, 2), 8, 8, 3, "4 files would be deleted, and --max-delete allows 3", "4", id="limit"),
    ],
)
def test_a_halt_names_the_flag_that_goes_on(
    plan: Plan, here: int, there: int, limit: int | None, why: str, hint: str
) -> None:
    with pytest.raises(Halt) as caught:
        gate(plan, snapshot(10), snapshot(here), snapshot(there), max_delete=limit, complete=True)
    assert caught.value.exit_code == 5
    assert why in (caught.value.why or "")
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("do", [Do.DELETE_LOCAL, Do.DELETE_REMOTE])
@pytest.mark.parametrize(("renamed", "gone", "halts"), [(10, 0, False), (5, 5, False), (4, 6, True), (0, 10, True)])
def test_what_has_another_name_by_now_is_not_lost(do: Do, renamed: int, gone: int, halts: bool) -> None:
    base = {f"{i}.mp4": entry(i) for i in range(10)}
    plan = Plan(Verb.SYNC, actions=[Action(do, name, kept, kept) for name, kept in base.items()])
    after = {f"new/{i}.mp4": entry(i) for i in range(renamed)} | {f"other{i}.mp4": entry(99 + i) for i in range(gone)}
    here, there = (base, after) if do is Do.DELETE_LOCAL else (after, base)
    if not halts:
        gate(plan, base, here, there, max_delete=None, complete=True)
        return
    with pytest.raises(Halt, match="nothing was done") as caught:
        gate(plan, base, here, there, max_delete=None, complete=True)
    assert f"lost {gone} of the 10 files" in (caught.value.why or "")


@pytest.mark.parametrize(
    ("before", "now", "limit", "halts"),
    [(2, 1, 3, False), (2, 2, 3, True), (0, 3, 3, False), (5, 1, None, True), (4, 1, None, False), (1, 5, None, True)],
)
def test_f24_the_limits_are_limits_of_the_run_and_not_of_a_round(
    before: int, now: int, limit: int | None, halts: bool
) -> None:
    """Files that lost a race are planned again, when the base has shrunk already and only they are in the plan."""
    gone = Counter({Do.DELETE_LOCAL: before})
    earlier = Earlier(10, gone, gone, is_later_round=True)
    here = snapshot(10 - before)
    if not halts:
        passed = gate(deleting(now, 0), here, here, here, max_delete=limit, complete=True, earlier=earlier)
        assert limit is not None or passed[Do.DELETE_LOCAL] == now
        return
    with pytest.raises(Halt, match="the rest was not done") as caught:
        gate(deleting(now, 0), here, here, here, max_delete=limit, complete=True, earlier=earlier)
    assert f"--max-delete {now}" in (caught.value.hint or "")


def test_after_an_incomplete_scan_no_flag_goes_on() -> None:
    with pytest.raises(Halt) as caught:
        gate(deleting(1, 0), snapshot(10), snapshot(10), snapshot(9), max_delete=99, complete=False)
    assert "not everything could be read" in (caught.value.why or "")
    assert "never delete" in (caught.value.hint or "")
