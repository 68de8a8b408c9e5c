"""Somebody with a project, on a store that needs no server unless a test asks for one."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.kit.people import Person
from tests.kit.servers import Server

NewPerson: TypeAlias = Callable[..., Person]


@pytest.fixture
def new_person(tmp_path: Path, request: pytest.FixtureRequest) -> NewPerson:
    """Make a person with a project that holds `draft.mp4`; without S3SYNC_STORE on the embedded store.

    In the tests of each command itself (`test_commands.py`) they start Python anew each time.
    """
    fresh = request.path.name == "test_commands.py"

    def make(name: str = "david", **environ: str) -> Person:
        person = Person(name, tmp_path / name, environ, fresh=fresh)
        person.write("draft.mp4", "the first cut")
        return person

    return make


@pytest.fixture
def david(new_person: NewPerson) -> Person:
    return new_person()


def on_server(server: Server, user: str = "david") -> dict[str, str]:
    """The environment of a user on a server, with a prefix in the bucket that nobody else has."""
    return {**server.environment(user), "S3SYNC_STORE": f"s3://{server.bucket}/{uuid.uuid4().hex}"}


@pytest.fixture
def mount_small_disk() -> Iterator[Callable[..., None]]:
    """Put a file system of 256 KiB, or another size, on a folder."""
    mounted: list[Path] = []

    def mount(folder: Path, size: str = "256k") -> None:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() != 0 or not shutil.which("mount") or subprocess.run(command, check=False).returncode:
            pytest.skip("only root on Linux can mount a small file system")
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)
