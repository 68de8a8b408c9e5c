"""Memory of automation: what it cannot read is told, and is no empty one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3sync.archive.auto_state import FOLDER, kept, look, name_of
from s3sync.config.locate import user_data_folder
from s3sync.errors import LocalError

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"spent": {"2026-11": "much"}}', b"[]"])
def test_a_damaged_memory_lets_no_month_spend_its_budget_again(tmp_path: Path, body: bytes) -> None:
    environ = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    with kept(environ, tmp_path, NOW) as memory:
        memory.spend(NOW, 9.5)
    path = user_data_folder(environ) / FOLDER / f"{name_of(tmp_path)}.json"
    path.write_bytes(body)
    with pytest.raises(LocalError, match="is damaged"), kept(environ, tmp_path, NOW):
        pass
    with pytest.raises(LocalError, match="is damaged"):
        look(environ, tmp_path)
    assert path.read_bytes() == body
    path.unlink()
    with kept(environ, tmp_path, NOW) as memory:
        assert memory.memory.spent == {}
