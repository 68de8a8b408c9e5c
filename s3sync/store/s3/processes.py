"""Programs that an AWS profile of the user's names (`credential_process`): run as if from the home folder.

botocore starts them in the current folder, and the system looks for them there: on Windows before the search path,
elsewhere for a name with a slash in it, or where PATH has an empty entry. Whoever is in a repository would run what it
brought.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from s3sync.disk.programs import program

_METHOD = "custom-process"


def run_at_home(session: Any, home: Path) -> None:
    """Have a botocore session start the programs of profiles there, also of those that a role is assumed from."""

    def start(words: Sequence[str], **pipes: Any) -> subprocess.Popen[bytes]:
        folder = home if home.is_absolute() and home.is_dir() else Path(home.anchor or os.sep)
        return subprocess.Popen([_found(words[0], folder), *words[1:]], cwd=folder, **pipes)

    def changed(providers: list[Any]) -> list[Any]:
        for provider in providers:
            if provider.METHOD == _METHOD:
                provider._popen = start
        return providers

    for provider in changed(session.get_component("credential_provider").providers):
        builder = getattr(provider, "_profile_provider_builder", None)
        if builder is not None:
            make = builder.providers
            builder.providers = lambda *args, make=make, **named: changed(make(*args, **named))


def _found(name: str, folder: Path) -> str:
    """The whole path of a program. A relative one is taken from `folder`."""
    if Path(name).name != name:
        return os.fspath(folder / name)
    found = program(name)
    if found is None:
        from botocore.exceptions import CredentialRetrievalError

        told = f"there is no program {name} in the folders of PATH, and the current folder is none of them"
        raise CredentialRetrievalError(provider=_METHOD, error_msg=told)
    return found
