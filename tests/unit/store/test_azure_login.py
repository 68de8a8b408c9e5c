"""Logins at Azure that fail, in one error each."""

from __future__ import annotations

import subprocess
import sys

import pytest

from s3sync.errors import CredentialsError, StoreError
from s3sync.store import StoreOptions, open_store
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


@pytest.mark.parametrize("missing", ["azure.storage.blob", "azure.storage"])
def test_without_its_extra_no_store_is_opened_rather_than_one_that_cannot_read_locks(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delitem(sys.modules, "azure.storage.blob", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(StoreError, match="need a library that is not installed") as refused:
        open_store("az://films/shared", StoreOptions(env={"AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=x"}))
    assert refused.value.hint == "pip install 's3sync-collab[azure]'"
