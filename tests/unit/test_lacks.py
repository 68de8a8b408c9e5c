"""What a store lacks is said in words, and never by a name of the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import s3sync
from s3sync.errors import Unsupported
from s3sync.store.aspects import require_aspect
from s3sync.store.folder import FolderStore

ASKED = re.compile(r"require_aspect\(\w+(?:\.\w+)*, (\w+)")


def test_every_aspect_that_is_required_somewhere_has_words(tmp_path: Path) -> None:
    sources = Path(s3sync.__file__).parent.rglob("*.py")
    kinds = {name for path in sources for name in ASKED.findall(path.read_text())}
    assert len(kinds) > 5
    for name in kinds:
        with pytest.raises(Unsupported) as lacking:
            require_aspect(FolderStore(tmp_path / "store"), type(name, (), {}))
        assert name not in lacking.value.message and "of the kind" not in lacking.value.message
