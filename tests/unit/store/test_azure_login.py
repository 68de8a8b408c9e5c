"""Logins at Azure that fail, in one error each."""

from __future__ import annotations

import subprocess
import sys

import pytest

from s3sync.errors import CredentialsError
from s3sync.store import StoreOptions
from s3sync.store.azure.credentials import Credentials

LOGGED = """
import logging, sys, types
sys.modules["azure.identity"] = types.SimpleNamespace(DefaultAzureCredential=lambda: None)
from s3sync.store.azure.login import find_login
find_login({})
logging.getLogger("azure.identity._internal.decorators").warning("a screenful")
print("done")
"""


def test_what_azure_identity_logs_is_not_shown_beside_the_error() -> None:
    done = subprocess.run([sys.executable, "-c", LOGGED], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("done\n", "")


@pytest.mark.parametrize("given", ["bm8gY29ubmVjdGlvbiBzdHJpbmc", "https://films.blob.core.windows.net/", "foo;bar=1"])
@pytest.mark.parametrize("beside", [{}, {"AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=x"}])
def test_a_connection_string_that_is_none_is_refused_and_nothing_else_taken_instead(
    given: str, beside: dict[str, str]
) -> None:
    env = {"AZURE_STORAGE_CONNECTION_STRING": given, **beside}
    with pytest.raises(CredentialsError, match="holds no connection string") as refused:
        Credentials("films", StoreOptions(env=env)).signer()
    assert given not in f"{refused.value} {refused.value.hint}"
