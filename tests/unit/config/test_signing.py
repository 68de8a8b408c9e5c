"""What signs, in words: the one that signs in truth, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from s3sync.config import masked
from s3sync.config.signing import sas_end
from s3sync.errors import CredentialsError
from s3sync.store import StoreOptions
from s3sync.store.azure.credentials import Credentials
from s3sync.store.gcs.credentials import Credentials as GoogleCredentials
from tests.unit.config.conftest import Load

KEY = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
SAS = "sv=2024-11-04&se=2026-01-02T03%3A04%3A05Z&sp=rl&sig=c2VjcmV0LXNlY3JldA%3D%3D"
CONNECTION = f"AccountName=films;AccountKey={KEY}"
HERE = "http://127.0.0.1:10000"
AZURE, GOOGLE = "az://films/shared", "gs://films"


def told(load: Load, store: str, env: dict[str, str], endpoint: str | None = None) -> tuple[str | None, str]:
    flags = {"store": store, **({"endpoint_url": endpoint} if endpoint else {})}
    rows = {name: (value, origin) for name, value, origin in masked(load(environ=env, flags=flags))}
    assert not any("c2VjcmV0" in f"{value}{origin}" for value, origin in rows.values()), rows
    return rows["credentials"]


@pytest.mark.parametrize(
    ("env", "words", "origin"),
    [
        ({"S3SYNC_CREDENTIALS_ENV": "TEAM_KEY", "TEAM_KEY": KEY, "AZURE_STORAGE_KEY": KEY},
         "the environment variable TEAM_KEY", "environment S3SYNC_CREDENTIALS_ENV"),
        ({"AZURE_STORAGE_CONNECTION_STRING": CONNECTION, "AZURE_STORAGE_KEY": KEY},
         "a connection string", "environment AZURE_STORAGE_CONNECTION_STRING"),
        ({"AZURE_STORAGE_KEY": KEY, "AZURE_STORAGE_SAS_TOKEN": SAS}, "an account key", "environment AZURE_STORAGE_KEY"),
        ({"AZURE_STORAGE_SAS_TOKEN": SAS}, "a shared access signature, until 2026-01-02T03:04:05Z",
         "environment AZURE_STORAGE_SAS_TOKEN"),
        ({}, "none: a login is shown to Azure's own servers alone", "endpoint_url of flag --endpoint"),
    ],
)  # fmt: skip
def test_on_azure_it_is_the_first_that_signs_too(load: Load, env: dict[str, str], words: str, origin: str) -> None:
    assert told(load, AZURE, env, HERE) == (words, origin)
    options = StoreOptions(env=env, credentials_env=env.get("S3SYNC_CREDENTIALS_ENV"), endpoint_url=HERE)
    if words.startswith("none"):
        with pytest.raises(CredentialsError, match="nothing signs"):
            Credentials("films", options).signer()
    else:
        signs = "an account key" if "signature" not in words else "a shared access signature"
        assert Credentials("films", options).signer().words == signs


def test_on_google_it_is_the_first_that_signs_too(load: Load, tmp_path: Path) -> None:
    home = tmp_path / "somebody"
    login = home / ".config" / "gcloud" / "application_default_credentials.json"
    login.parent.mkdir(parents=True)
    person = {"type": "authorized_user", "client_id": "a", "client_secret": KEY, "refresh_token": KEY}
    login.write_text(json.dumps(person))
    own = tmp_path / "films.json"
    own.write_text(json.dumps(person))
    env = {"HOME": str(home)}
    assert told(load, GOOGLE, env) == ("the application default login of gcloud", str(login))
    env["GOOGLE_APPLICATION_CREDENTIALS"] = str(own)
    assert told(load, GOOGLE, env) == (f"the file {own}", "environment GOOGLE_APPLICATION_CREDENTIALS")
    env["S3SYNC_CREDENTIALS_PATH"] = str(tmp_path / "gone.json")
    assert told(load, GOOGLE, env)[0] == f"the file {tmp_path / 'gone.json'}, which is not there"
    env["S3SYNC_CREDENTIALS_PATH"] = str(own)
    assert told(load, GOOGLE, env) == (f"the file {own}", "environment S3SYNC_CREDENTIALS_PATH")
    env["S3SYNC_CREDENTIALS_ENV"] = "TEAM"
    assert told(load, GOOGLE, env)[0] == "the environment variable TEAM, which is not set"
    env["TEAM"] = login.read_text()
    assert told(load, GOOGLE, env)[0] == "the environment variable TEAM"
    for variables, origin in (
        ({"HOME": str(home)}, "the application default login of gcloud"),
        ({"HOME": str(home), "GOOGLE_APPLICATION_CREDENTIALS": str(own)}, "GOOGLE_APPLICATION_CREDENTIALS"),
    ):
        signs = GoogleCredentials(StoreOptions(env=variables), anonymous=False)
        signs.found()
        assert signs.origin == origin
    assert told(load, GOOGLE, env, HERE)[0] == "none: a token is sent to Google's own servers alone"


@pytest.mark.parametrize(
    ("store", "words"),
    [
        ("rclone:team:films", "those of your rclone remote team"),
        ("s3://films", "AWS's own chain (environment, profiles, SSO, roles)"),
    ],
)
def test_other_stores_say_whose_they_are(load: Load, store: str, words: str) -> None:
    assert told(load, store, {})[0] == words


@pytest.mark.parametrize(
    "sas", ["", "sig=abc", "se=\x1b[31m2026-01-01&sig=a", "se=" + "9" * 99, "se=hunter22secret&sig=a"]
)
def test_an_end_that_is_none_is_not_told(sas: str) -> None:
    assert sas_end(sas) is None
