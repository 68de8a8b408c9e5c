"""A repository to read settings from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from s3sync.config import Settings, load_settings

Load: TypeAlias = Callable[..., Settings]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "v-appydave"
    (root / ".git").mkdir(parents=True)
    return root.resolve()


@pytest.fixture
def load(repo: Path, tmp_path: Path) -> Load:
    """`load_settings` in the repository, with nothing but what the test gives; files are texts."""

    def run(
        *,
        yaml: str | bytes | None = None,
        env_file: str | bytes | None = None,
        user_yaml: str | bytes | None = None,
        flags: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Settings:
        folders = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_DATA_HOME": str(tmp_path / "data")}
        files = {
            repo / ".s3sync.yaml": yaml,
            repo / ".video-tools.env": env_file,
            tmp_path / "config" / "s3sync" / "config.yaml": user_yaml,
        }
        for path, content in files.items():
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_settings(repo, flags=flags or {}, environ={**folders, **(environ or {})})

    return run
