"""A login that is there already: azure-identity where it is installed, else the Azure CLI of the user."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from s3sync.aside import within
from s3sync.disk.programs import program
from s3sync.disk.whole_paths import AUTHORITIES, OF_REQUESTS, require_whole
from s3sync.errors import CredentialsError
from s3sync.store.azure.errors import HINTS
from s3sync.store.lanes.failures import SENSELESS

SCOPE = "https://storage.azure.com/.default"
WAIT_S = 60
_OF_IDENTITY = ("AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE")
"""Variables in which azure-identity finds what proves who somebody is."""
MOST_SAID = 200
_SENDABLE = re.compile(r"[!-~]+")
_LAST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


class Token(Struct, frozen=True):
    """Token of a login, with the time when it ends in seconds since 1970."""

    value: str
    expires: float

    def __repr__(self) -> str:
        return "Token(...)"


def find_login(env: Mapping[str, str]) -> Callable[[], Token]:
    """A function that gives a token. Raises `CredentialsError` where there is no login to ask."""
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError:
        found = program("az")
        if found is None:
            raise CredentialsError(
                "there are no credentials for Azure",
                why="neither a key nor a signature is in the environment, and the Azure CLI is not installed",
                hint=HINTS[CredentialsError],
            ) from None
        return lambda: _of_cli(found, env)
    require_whole((*AUTHORITIES, *OF_REQUESTS, *_OF_IDENTITY), os.environ)
    logging.getLogger("azure").addHandler(logging.NullHandler())  # its warnings, a screenful each, are in the error
    credential = DefaultAzureCredential()

    def token() -> Token:
        try:
            found = within(WAIT_S, lambda: credential.get_token(SCOPE))
        except TimeoutError:
            raise _refused(f"it did not answer within {WAIT_S} s") from None
        except Exception as error:  # noqa: BLE001 - each way to log in has errors of its own
            raise _refused(str(error)) from None
        return _believed(found.token, found.expires_on)

    return token


def _believed(value: object, expires: Any) -> Token:
    """What a login answered: a server of metadata is believed without TLS. Raises `CredentialsError` for what makes no
    sense as a token: obstore shows a traceback of its own where a request cannot carry it."""
    try:
        if isinstance(value, str) and _SENDABLE.fullmatch(value) and 0 <= (until := float(expires)) <= _LAST:
            return Token(value, until)
    except SENSELESS:
        pass
    raise _refused("what it answered makes no sense")


def _of_cli(found: str, env: Mapping[str, str]) -> Token:
    """Ask `az account get-access-token`, as if from the home folder: no repository has a say in what it reads."""
    home = Path(env.get("HOME") or env.get("USERPROFILE") or Path.home())
    command = [found, "account", "get-access-token", "--scope", SCOPE, "--output", "json"]
    try:
        done = subprocess.run(
            command, cwd=home if home.is_absolute() and home.is_dir() else Path("/"), env=dict(env),
            stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise _refused(done.stderr.decode(errors="replace"))
        told = json.loads(done.stdout)
        expires = told.get("expires_on") or datetime.fromisoformat(told["expiresOn"]).timestamp()
        return _believed(told["accessToken"], expires)
    except subprocess.TimeoutExpired:
        raise _refused(f"it did not answer within {WAIT_S} s") from None
    except (OSError, *SENSELESS):
        raise _refused("its answer is not understood") from None


def _refused(why: str) -> CredentialsError:
    line = next((line.strip() for line in why.splitlines() if line.strip()), "")
    return CredentialsError(
        "the Azure login gives no token",
        why="".join(char if char.isprintable() else " " for char in line)[:MOST_SAID] or None,
        hint=HINTS[CredentialsError],
    )
