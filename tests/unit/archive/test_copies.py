"""Containers with another ETag, on a store that tells no checksum: what is said leads to a command that reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from s3sync.archive.carrier import open_carrier
from s3sync.archive.journal import Journal
from s3sync.archive.send import send_unit
from s3sync.archive.verify import Proof, Replaced, verify_archive
from tests.contract.stores import in_folder
from tests.unit.archive.packing import rules_of, unit_of


@pytest.mark.parametrize(("deep", "command"), [(False, "archive verify b40-film --deep"), (True, "restore b40-film")])
def test_no_hint_names_the_command_that_was_just_run(deep: bool, command: str, tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    (tmp_path / "film/a.mov").write_bytes(b"film")
    with open_carrier(in_folder(tmp_path / "store").open(), "ana") as carrier, Journal(tmp_path / "j.db") as journal:
        index, _ = send_unit(carrier, rules_of(), unit_of(tmp_path / "film"), journal)
        assert verify_archive(carrier, index, deep=True, copies=True) is Proof.READ
        with pytest.raises(Replaced) as told:
            verify_archive(carrier, replace(index, etag="another"), deep=deep, copies=True)
    assert f"`s3sync {command}" in (told.value.hint or "")
