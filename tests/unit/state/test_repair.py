"""What doctor reads of a state.db: each kind of row of its journal, and none that is another's."""

from __future__ import annotations

import msgspec
import pytest

from s3sync.state import repair
from s3sync.state.journal import DECIDED, STOPPED, Decided, Stopped

STOPPED_ROW = msgspec.json.encode(Stopped("up", "2026-01-01T00:00:00Z")).decode()
DECIDED_ROW = msgspec.json.encode(Decided("a.txt", "a.conflict.txt", "2026-01-01T00:00:00Z")).decode()


@pytest.mark.parametrize(("value", "kind"), [(STOPPED_ROW, STOPPED), (DECIDED_ROW, DECIDED)])
def test_each_kind_of_journal_row_is_read_as_itself(value: str, kind: str) -> None:
    assert repair._intent_or_journal_row((value, kind))


@pytest.mark.parametrize(("value", "kind"), [(STOPPED_ROW, DECIDED), (DECIDED_ROW, STOPPED), ("{}", STOPPED)])
def test_a_row_of_another_kind_makes_no_sense(value: str, kind: str) -> None:
    with pytest.raises(ValueError, match="missing required field"):
        repair._intent_or_journal_row((value, kind))
