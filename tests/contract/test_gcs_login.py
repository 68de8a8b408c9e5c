"""How requests to Google are signed: a key is exchanged for a token, which both lanes send until it ends.

The server is the emulator behind a recorder that also gives out tokens. Whether it is Google's is said by the test.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from s3sync.errors import CredentialsError, StoreError
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.gcs import credentials
from s3sync.store.gcs.address import Address
from tests.contract.stores import keys, put, read
from tests.contract.test_gcs import key_of_a_service_account
from tests.kit.google import FakeGcs, Recorder, recording

pytestmark = pytest.mark.gcs


@pytest.fixture
def recorder(gcs: FakeGcs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    monkeypatch.setattr(Address, "is_google", property(lambda address: True))
    with recording(gcs.endpoint_url) as opened:
        yield opened


@pytest.fixture
def store(gcs: FakeGcs, recorder: Recorder) -> Store:
    told, _ = key_of_a_service_account()
    key = json.dumps(told | {"token_uri": f"{recorder.url}/token"})
    options = StoreOptions(env={"KEY": key}, credentials_env="KEY", endpoint_url=recorder.url)
    return open_store(f"gs://{gcs.bucket}/{uuid.uuid4().hex}", options)


def give(recorder: Recorder, token: str, lasts_s: int) -> None:
    told = {"access_token": token, "expires_in": lasts_s, "token_type": "Bearer"}
    recorder.answer("POST", "/token", 200, json.dumps(told))


def tokens(recorder: Recorder) -> list[str | None]:
    return [one.headers.get("authorization") for one in recorder.requests if one.path != "/token"]


def test_both_lanes_send_one_token(store: Store, recorder: Recorder) -> None:
    give(recorder, "ya29.first", 3600)
    put(store, "a")
    assert read(store, "a") == b"content" and keys(store) == ["a"]
    assert {"GET"} <= {one.method for one in recorder.requests if "/storage/" not in one.path}, "obstore read it"
    assert set(tokens(recorder)) == {"Bearer ya29.first"}
    assert len(recorder.all("POST", "/token")) == 1


def test_a_token_that_ends_is_renewed(store: Store, recorder: Recorder) -> None:
    give(recorder, "ya29.first", 1)
    give(recorder, "ya29.second", 3600)
    put(store, "a")
    assert keys(store) == ["a"]
    assert tokens(recorder) == ["Bearer ya29.first", "Bearer ya29.second"]


def test_a_key_that_is_refused_is_one_error_of_both_lanes(store: Store, recorder: Recorder) -> None:
    refusal = json.dumps({"error": "invalid_grant", "error_description": "Invalid JWT Signature hunter22"})
    for call in (lambda: put(store, "a"), lambda: read(store, "a"), lambda: keys(store)):
        recorder.answer("POST", "/token", 400, refusal)
        with pytest.raises(CredentialsError) as refused:
            call()
        assert refused.value.hint and "make a new key" in refused.value.hint and "doctor" in refused.value.hint
        assert refused.value.why and "the key of the service account" in refused.value.why
        assert "hunter22" not in f"{refused.value} {refused.value.why}"
    assert tokens(recorder) == []


def test_a_login_that_ended_is_to_be_made_again(
    recorder: Recorder, gcs: FakeGcs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{recorder.url}/token")
    told = {"type": "authorized_user", "client_id": "a", "client_secret": "hunter22", "refresh_token": "hunter23"}
    options = StoreOptions(env={"KEY": json.dumps(told)}, credentials_env="KEY", endpoint_url=recorder.url)
    store = open_store(f"gs://{gcs.bucket}/{uuid.uuid4().hex}", options)
    for call in (lambda: put(store, "a"), lambda: read(store, "a"), lambda: keys(store)):
        refusal = {"error": "invalid_grant", "error_description": "Token has been expired or revoked. hunter23"}
        recorder.answer("POST", "/token", 400, json.dumps(refusal))
        with pytest.raises(CredentialsError, match="environment variable KEY: the login has ended") as refused:
            call()
        assert refused.value.hint and "sign in again: `gcloud auth application-default login`" in refused.value.hint
        assert "hunter2" not in f"{refused.value} {refused.value.hint}"


def test_no_message_holds_a_token(store: Store, recorder: Recorder) -> None:
    give(recorder, "ya29.secret-token", 3600)
    said = {"error": {"code": 403, "message": "Bearer ya29.secret-token may not", "errors": [{"reason": "forbidden"}]}}
    recorder.answer("POST", "/upload/", 403, json.dumps(said))
    with pytest.raises(StoreError) as refused:
        put(store, "a")
    assert "secret-token" not in f"{refused.value} {refused.value.why}"


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "find_spec", lambda name: None)
    with pytest.raises(StoreError) as refused:
        open_store("gs://team", StoreOptions(env={}))
    assert refused.value.hint == "pip install 's3sync-collab[gcs]'"
