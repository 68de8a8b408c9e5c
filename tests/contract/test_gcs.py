"""What only Google Cloud Storage does: generations on every write, composing in a tree, links, versions.

The emulator ignores the conditions of compose, copy and delete, so they are read on the requests, by a proxy.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.errors import (
    BucketMissing,
    ChecksumMismatch,
    CredentialsError,
    NotAStore,
    NotFound,
    PreconditionFailed,
    StoreError,
    Unsupported,
)
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.aspects import Presigns, StorageClasses, Thaws, Versions, aspect, require_aspect
from s3sync.store.gcs import GcsStore, composing
from s3sync.store.gcs.crc32c import combined, crc32c
from s3sync.store.port import Create, Headers, Overwrite, Part, Update
from s3sync.store.whole_md5 import note_md5
from tests.contract.stores import keys, md5, put, read, send
from tests.contract.test_conditions import race
from tests.kit.google import FakeGcs, Recorder, recording

pytestmark = pytest.mark.gcs


@pytest.fixture
def recorder(gcs: FakeGcs) -> Iterator[Recorder]:
    with recording(gcs.endpoint_url) as opened:
        yield opened


@pytest.fixture
def prefix() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def store(gcs: FakeGcs, recorder: Recorder, prefix: str) -> Store:
    """A store behind the recorder, which tells of composed objects what Google tells: no MD5."""
    return open_store(f"gs://{gcs.bucket}/{prefix}", StoreOptions(env={}, endpoint_url=recorder.url))


def upload(store: Store, key: str, bodies: list[bytes]) -> tuple[str, list[Part]]:
    upload_id = store.start_upload(key, Headers({"uploaded-by": "José"}, "video/mp4"))
    return upload_id, [send(store, key, upload_id, number, body) for number, body in enumerate(bodies, 1)]


# -- generations


def test_every_write_names_the_generation_that_it_may_replace(store: Store, recorder: Recorder) -> None:
    first = put(store, "a", b"first", Create())
    assert recorder.last("POST", "/upload/").params["ifGenerationMatch"] == ["0"]
    generation = recorder.last("POST", "/upload/").answer["generation"]
    put(store, "a", b"second", Update(first))
    assert recorder.last("POST", "/upload/").params["ifGenerationMatch"] == [generation]
    put(store, "a", b"third", Overwrite())
    assert "ifGenerationMatch" not in recorder.last("POST", "/upload/").params
    third = recorder.last("POST", "/upload/").answer["generation"]
    store.copy("a", "b", source_etag=md5(b"third").hex(), mode=Create(), headers=None)
    copied = recorder.last("POST", "/rewriteTo/").params
    assert (copied["ifSourceGenerationMatch"], copied["ifGenerationMatch"]) == ([third], ["0"])
    store.delete("a", if_match=md5(b"third").hex())
    assert recorder.last("DELETE", "/o/").params["ifGenerationMatch"] == [third]


def test_a_composed_object_is_known_by_its_generation_everywhere(store: Store) -> None:
    bodies = [b"x" * 100, b"y" * 50]
    upload_id, parts = upload(store, "film", bodies)
    etag = store.complete_upload("film", upload_id, parts, mode=Create()).etag
    head = store.head("film")
    assert etag.isdecimal() and len(etag) < 20 and head.info.etag == etag and not head.etag_is_md5
    assert [info.etag for info in store.list("")] == [etag]
    with store.get("film") as reader:
        assert (reader.info.etag, b"".join(reader)) == (etag, b"".join(bodies))
    assert read(store, "film", 90, 110, if_match=etag) == b"x" * 10 + b"y" * 10
    put(store, "film", b"another", Update(etag))
    for stale in (etag, "0" * 32):
        with pytest.raises(PreconditionFailed):
            read(store, "film", if_match=stale)
        with pytest.raises(PreconditionFailed):
            store.delete("film", if_match="0" * 32)
    assert read(store, "film") == b"another"


def test_a_lost_answer_is_no_conflict(store: Store, recorder: Recorder) -> None:
    recorder.lose("POST", "/upload/")
    put(store, "a", b"mine", Create())
    assert [one.status for one in recorder.all("POST", "/upload/")] == [200, 412]
    put(store, "b", b"theirs")
    with pytest.raises(PreconditionFailed):
        put(store, "b", b"mine", Create())


@pytest.mark.parametrize("update", [False, True])
def test_of_eight_writers_one_wins_each_of_fifty_rounds(gcs: FakeGcs, prefix: str, update: bool) -> None:
    options = StoreOptions(env={}, endpoint_url=gcs.endpoint_url)
    stores = [open_store(f"gs://{gcs.bucket}/{prefix}", options) for _ in range(8)]
    etag = put(stores[0], "a", b"start")
    for round_ in range(50):
        mode, key = (Update(etag), "a") if update else (Create(), f"r{round_}")
        won = race(lambda n, m=mode, k=key, r=round_: put(stores[n], k, b"%d-%d" % (r, n), m), len(stores))  # type: ignore[misc]
        assert len(won) == 1
        assert read(stores[0], key) == b"%d-%d" % (round_, won[0])
        etag = md5(b"%d-%d" % (round_, won[0])).hex()


# -- composing


def test_parts_are_composed_with_the_condition_and_taken_away(
    store: Store, recorder: Recorder, gcs: FakeGcs, prefix: str
) -> None:
    upload_id, parts = upload(store, "film", [b"a" * 9, b"b" * 7])
    assert keys(store) == [] and len(gcs.names(f"{prefix}/.s3sync/multipart/")) == 3
    assert isinstance(store, GcsStore)
    note_md5(store, upload_id, hashlib.md5(b"a" * 9 + b"b" * 7).hexdigest())
    store.complete_upload("film", upload_id, parts, mode=Create())
    asked = recorder.last("POST", "/compose")
    assert asked.params["ifGenerationMatch"] == ["0"]
    assert asked.body["deleteSourceObjects"] is True
    for source in asked.body["sourceObjects"]:
        assert source["objectPreconditions"]["ifGenerationMatch"] == source["generation"]
    assert gcs.names(f"{prefix}/") == [f"{prefix}/film"]
    metadata = dict(store.head("film").metadata)
    assert metadata == {"uploaded-by": "José", "md5": hashlib.md5(b"a" * 9 + b"b" * 7).hexdigest()}


def test_many_parts_are_composed_in_a_tree_whose_last_step_has_the_condition(
    store: Store, recorder: Recorder, gcs: FakeGcs, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composing, "AT_A_TIME", 3)
    old = put(store, "film", b"old")
    bodies = [bytes([65 + number]) * (number + 1) for number in range(11)]
    upload_id, parts = upload(store, "film", bodies)
    store.complete_upload("film", upload_id, parts, mode=Update(old))
    assert read(store, "film") == b"".join(bodies)
    steps = recorder.all("POST", "/compose")
    assert [len(step.body["sourceObjects"]) for step in steps[-1:]] == [2]
    assert len(steps) == 4 + 2 + 1 and all(len(step.body["sourceObjects"]) <= 3 for step in steps)
    assert [step.params.get("ifGenerationMatch") is not None for step in steps] == [False] * 6 + [True]
    assert gcs.names(f"{prefix}/") == [f"{prefix}/film"]


def test_what_lost_the_race_keeps_its_parts(store: Store) -> None:
    upload_id, parts = upload(store, "film", [b"a" * 9, b"b" * 7])
    put(store, "film", b"theirs")
    with pytest.raises(PreconditionFailed):
        store.complete_upload("film", upload_id, parts, mode=Create())
    assert list(store.list_parts("film", upload_id)) == parts
    store.complete_upload("film", upload_id, parts, mode=Update(md5(b"theirs").hex()))
    assert read(store, "film") == b"a" * 9 + b"b" * 7


def test_a_completion_whose_answer_was_lost_is_done(store: Store, recorder: Recorder) -> None:
    upload_id, parts = upload(store, "film", [b"a" * 9, b"b" * 7])
    recorder.lose("POST", "/compose")
    first = store.complete_upload("film", upload_id, parts, mode=Create()).etag
    assert store.complete_upload("film", upload_id, parts, mode=Create()).etag == first
    put(store, "film", b"later")
    with pytest.raises(NotFound):
        store.complete_upload("film", upload_id, parts, mode=Create())


def test_other_bytes_in_the_whole_are_noticed(store: Store, recorder: Recorder) -> None:
    upload_id, parts = upload(store, "film", [b"a" * 9, b"b" * 7])
    recorder.change("POST", "/compose", lambda answer: answer | {"crc32c": "AAAAAA=="})
    with pytest.raises(ChecksumMismatch):
        store.complete_upload("film", upload_id, parts, mode=Create())


def test_other_bytes_in_a_part_are_noticed(store: Store, recorder: Recorder) -> None:
    upload_id = store.start_upload("film", Headers())
    recorder.change("POST", "/upload/", lambda answer: answer | {"crc32c": "AAAAAA=="})
    with pytest.raises(ChecksumMismatch):
        store.put_part("film", upload_id, 1, b"part")


def test_a_part_that_comes_late_leaves_nothing(store: Store, gcs: FakeGcs, prefix: str) -> None:
    upload_id, _ = upload(store, "film", [b"a"])
    store.abort_upload("film", upload_id)
    with pytest.raises(NotFound):
        store.put_part("film", upload_id, 2, b"late")
    assert gcs.names(f"{prefix}/") == []


@pytest.mark.parametrize("upload_id", ["", "../../film", "x" * 32, "0" * 32])
def test_an_id_that_is_none_reaches_nothing(store: Store, upload_id: str) -> None:
    put(store, "film", b"theirs")
    store.abort_upload("film", upload_id)
    for call in (
        lambda: store.put_part("film", upload_id, 1, b"x"),
        lambda: list(store.list_parts("film", upload_id)),
        lambda: store.complete_upload("film", upload_id, [], mode=Overwrite()),
    ):
        with pytest.raises(NotFound):
            call()
    assert read(store, "film") == b"theirs"


def test_an_upload_of_another_key_is_not_this_ones(store: Store) -> None:
    upload_id, parts = upload(store, "film", [b"a"])
    with pytest.raises(NotFound):
        store.complete_upload("other", upload_id, parts, mode=Overwrite())
    assert [one.key for one in store.list_uploads("")] == ["film"]


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_the_checksum_of_a_whole_is_made_of_those_of_its_parts(parts: list[bytes]) -> None:
    assert combined((crc32c(part), len(part)) for part in parts) == crc32c(b"".join(parts))


def test_the_checksum_of_known_bytes() -> None:
    """RFC 3720, appendix B.4."""
    assert crc32c(bytes(32)) == 0x8A9136AA and crc32c(b"\xff" * 32) == 0x62A8AB43
    assert combined([(crc32c(bytes(2**20)), 2**20)] * 3) == crc32c(bytes(3 * 2**20))


# -- listings


def test_pages_begin_behind_a_key_and_end_at_one(store: Store, recorder: Recorder) -> None:
    for name in ("a/1", "a-b", "a/2", "b"):
        put(store, name)
    assert isinstance(store, GcsStore)
    assert [info.key for info in store.list_until("", ["a/1"])] == ["a-b", "a/1"]
    assert [info.key for info in store.list("", after="a/1")] == ["a/2", "b"]
    assert recorder.last("GET", "/o").params["startOffset"][0].endswith("/a/1")


def test_parts_uploads_and_versions_are_listed_page_by_page(
    store: Store, monkeypatch: pytest.MonkeyPatch, recorder: Recorder, gcs: FakeGcs, prefix: str
) -> None:
    """Google has 1,000 names on a page; here two."""
    assert isinstance(store, GcsStore)
    ask = store._io.api.ask

    def short(method: str, path: str, params: Any = None, *more: Any) -> Any:
        return ask(method, path, {**params, "maxResults": "2"} if "maxResults" in (params or {}) else params, *more)

    monkeypatch.setattr(store._io.api, "ask", short)
    bodies = [bytes([65 + number]) * 9 for number in range(5)]
    upload_id, parts = upload(store, "film", bodies)
    others = [store.start_upload(f"other {number}", Headers()) for number in range(3)]
    recorder.requests.clear()
    assert list(store.list_parts("film", upload_id)) == parts
    assert len([one for one in recorder.requests if "pageToken" in one.params]) == 2
    assert {one.upload_id for one in store.list_uploads("")} == {upload_id, *others}
    store.abort_upload("other 0", others[0])
    store.complete_upload("film", upload_id, parts, mode=Create())
    assert read(store, "film") == b"".join(bodies)
    again, _ = upload(store, "film 2", bodies)
    store.abort_upload("film 2", again)
    assert not [name for name in gcs.names(f"{prefix}/.s3sync/multipart/") if again in name]
    assert len(list(require_aspect(store, Versions).list_versions(""))) == 1


def test_a_listing_without_end_is_an_error(store: Store, recorder: Recorder) -> None:
    item = {
        "name": f"{store.url.rpartition('/')[2]}/a",
        "size": "1",
        "generation": "1",
        "updated": "2026-01-01T00:00:00Z",
    }
    recorder.change("GET", "/o", lambda answer: {"items": [item], "nextPageToken": "again"}, times=99)
    with pytest.raises(StoreError, match="could not list"):
        keys(store)


@pytest.mark.parametrize(
    "page",
    [
        {"items": 5},
        {"items": [5]},
        {"items": [{"name": 1}]},
        {"items": [{"name": "elsewhere/a", "size": "1", "generation": "1", "updated": "2026-01-01T00:00:00Z"}]},
        {"items": [{"name": "HERE/a", "size": "-1", "generation": "1", "updated": "2026-01-01T00:00:00Z"}]},
        {"items": [{"name": "HERE/a", "size": "9" * 30, "generation": "1", "updated": "2026-01-01T00:00:00Z"}]},
        {"items": [{"name": "HERE/a", "size": "1", "generation": "../1", "updated": "2026-01-01T00:00:00Z"}]},
        {"items": [{"name": "HERE/a", "size": "1", "generation": "1", "updated": "yesterday"}]},
        {"items": [], "nextPageToken": "x" * 100_000},
        {"prefixes": [None]},
    ],
)
def test_a_listing_that_is_none_is_one_error(store: Store, recorder: Recorder, page: dict[str, Any]) -> None:
    here = store.url.rpartition("/")[2]
    told = json.loads(json.dumps(page).replace("HERE", here))
    recorder.change("GET", "/o", lambda answer: told)
    with pytest.raises(NotAStore) as refused:
        list(store.folders("")) if "prefixes" in page else keys(store)
    assert "answers, but not as Cloud Storage does" in str(refused.value.why) or "bytes" in str(refused.value.why)


def test_an_upload_begins_though_its_answer_was_lost(store: Store, recorder: Recorder) -> None:
    recorder.lose("POST", "/upload/")
    upload_id, parts = upload(store, "film", [b"a"])
    assert [one.upload_id for one in store.list_uploads("")] == [upload_id]
    store.complete_upload("film", upload_id, parts, mode=Create())


# -- beyond the port


def test_classes_change_and_nothing_is_thawed(store: Store) -> None:
    etag = put(store, "a", b"content", headers=Headers({"uploaded-by": "José"}, "video/mp4", storage_class="NEARLINE"))
    assert store.head("a").info.storage_class == "NEARLINE"
    changed = require_aspect(store, StorageClasses).change_class("a", "ARCHIVE", etag=etag)
    head = store.head("a")
    assert (head.info.etag, dict(head.metadata), head.content_type) == (changed, {"uploaded-by": "José"}, "video/mp4")
    assert read(store, "a") == b"content"
    with pytest.raises(PreconditionFailed):
        require_aspect(store, StorageClasses).change_class("a", "STANDARD", etag="0" * 32)
    with pytest.raises(Unsupported, match="DEEP_ARCHIVE"):
        require_aspect(store, StorageClasses).change_class("a", "DEEP_ARCHIVE", etag=etag)
    assert aspect(store, Thaws) is None
    with pytest.raises(Unsupported):
        put(store, "b", headers=Headers(tags={"a": "b"}))


def test_versions_are_generations(store: Store) -> None:
    versions = require_aspect(store, Versions)
    assert versions.keeps_versions() is False
    put(store, "a", b"first")
    (only,) = versions.list_versions("")
    assert only.key == "a" and only.is_latest and not only.is_marker and only.etag == md5(b"first").hex()
    with versions.get_version("a", only.version_id) as reader:
        assert b"".join(reader) == b"first"
    assert versions.head_version("a", only.version_id).info.size == 5
    for wrong in ("1", "null", "../x"):
        with pytest.raises(NotFound):
            versions.head_version("a", wrong)


# -- credentials


def key_of_a_service_account() -> tuple[dict[str, str], Any]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    told = {
        "type": "service_account",
        "client_email": "films@team.iam.gserviceaccount.com",
        "private_key": text,
        "private_key_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
        "project_id": "team",
    }
    return told, key.public_key()


def test_a_link_is_signed_by_the_key_for_its_time_and_name() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    told, public = key_of_a_service_account()
    store = open_store("gs://team/films", StoreOptions(env={"KEY": json.dumps(told)}, credentials_env="KEY"))
    link = require_aspect(store, Presigns).presign_get("a b/é.mp4", lasts=timedelta(hours=1), download_as="Müller.mp4")
    parts = urlsplit(link.url)
    params = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (parts.netloc, unquote(parts.path)) == ("storage.googleapis.com", "/team/films/a b/é.mp4")
    assert params["X-Goog-Expires"] == "3600" and "M%C3%BCller.mp4" in params["response-content-disposition"]
    query = parts.query.partition("&X-Goog-Signature=")[0]
    scope = params["X-Goog-Credential"].partition("/")[2]
    canonical = f"GET\n{parts.path}\n{query}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    signed = f"GOOG4-RSA-SHA256\n{params['X-Goog-Date']}\n{scope}\n{digest}"
    public.verify(bytes.fromhex(params["X-Goog-Signature"]), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    form = require_aspect(store, Presigns).presign_post("in/film", lasts=timedelta(hours=1), most_bytes=1000)
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert ["content-length-range", 0, 1000] in policy["conditions"] and {"key": "films/in/film"} in policy[
        "conditions"
    ]
    with pytest.raises(StoreError, match="7 days"):
        require_aspect(store, Presigns).presign_get("a", lasts=timedelta(days=8))


def test_who_has_no_key_makes_no_links(store: Store) -> None:
    login = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    own = open_store("gs://team", StoreOptions(env={"KEY": json.dumps(login)}, credentials_env="KEY"))
    for one in (own, store):
        with pytest.raises(Unsupported, match="makes no links") as refused:
            require_aspect(one, Presigns).presign_get("a", lasts=timedelta(hours=1))
        assert refused.value.hint and "credentials_path" in refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        '{"type": "service_account", "private_key": "hunter22"}',
        '{"type": "external_account", "credential_source": {"executable": {"command": "hunter22"}}}',
    ],
)
def test_what_is_no_credential_is_one_error_that_does_not_repeat_it(text: str) -> None:
    store = open_store("gs://team", StoreOptions(env={"KEY": text}, credentials_env="KEY"))
    with pytest.raises(CredentialsError) as refused:
        keys(store)
    assert refused.value.hint and "hunter22" not in f"{refused.value} {refused.value.why}"


def test_nobody_but_google_is_sent_a_token(store: Store, recorder: Recorder) -> None:
    """A token opens every bucket of whoever it is of: a server that a repository names never sees one."""
    told, _ = key_of_a_service_account()
    options = StoreOptions(env={"KEY": json.dumps(told)}, credentials_env="KEY", endpoint_url=recorder.url)
    other = open_store(store.url, options)
    put(other, "a")
    assert read(other, "a") == b"content"
    assert recorder.requests and not any("authorization" in one.headers for one in recorder.requests)


@pytest.mark.parametrize(
    "endpoint",
    ["http://storage.googleapis.com", "https://storage.googleapis.com.evil.example", "https://evilgoogleapis.com"],
)
def test_what_looks_like_google_is_not(endpoint: str) -> None:
    store = open_store("gs://team", StoreOptions(env={}, endpoint_url=endpoint))
    assert isinstance(store, GcsStore) and store._io.credentials.anonymous
    assert not open_store("gs://team", StoreOptions(env={}))._io.credentials.anonymous  # type: ignore[attr-defined]


def test_the_file_of_the_setting_and_the_login_are_found(tmp_path: Any) -> None:
    login = json.dumps({"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"})
    folder = tmp_path / ".config" / "gcloud"
    folder.mkdir(parents=True)
    (folder / "application_default_credentials.json").write_text(login)
    (tmp_path / "key.json").write_text(json.dumps(key_of_a_service_account()[0]))
    env = {"HOME": str(tmp_path)}

    def origin(**more: Any) -> str:
        found = open_store("gs://team", StoreOptions(**{"env": env, **more}))
        assert isinstance(found, GcsStore)
        found._io.credentials.found()
        return found._io.credentials.origin

    assert "login of gcloud" in origin()
    assert origin(env=env | {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")}).startswith("GOOGLE_")
    assert origin(credentials_path=str(tmp_path / "key.json")) == str(tmp_path / "key.json")
    with pytest.raises(CredentialsError, match=r"cannot use .*nothing\.json"):
        origin(credentials_path=str(tmp_path / "nothing.json"))
    with pytest.raises(CredentialsError, match="cannot use GOOGLE_APPLICATION_CREDENTIALS"):
        origin(env=env | {"GOOGLE_APPLICATION_CREDENTIALS": "key.json"})


# -- errors


@pytest.mark.parametrize(
    ("status", "reason", "message", "error"),
    [
        (401, "authError", "Invalid Credentials", "CredentialsError"),
        (403, "forbidden", "eve@x does not have storage.objects.create access", "AccessDenied"),
        (403, "retentionPolicyNotMet", "Object is subject to bucket's retention policy", "AccessDenied"),
        (400, "invalid", "Provided MD5 hash does not match calculated MD5 hash", "ChecksumMismatch"),
        (412, "conditionNotMet", "At least one of the pre-conditions did not hold", "PreconditionFailed"),
        (302, "", "", "NotAStore"),
        (200, "", "", "NotAStore"),
    ],
)
def test_refusals_have_their_class_at_once(
    store: Store, recorder: Recorder, status: int, reason: str, message: str, error: str
) -> None:
    body = {"error": {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}}
    recorder.answer("POST", "/upload/", status, json.dumps(body) if status != 200 else "<html>welcome</html>")
    with pytest.raises(StoreError) as refused:
        put(store, "a", mode=Create())
    assert type(refused.value).__name__ == error
    assert len(recorder.all("POST", "/upload/")) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_passes_by_itself_is_tried_again(store: Store, recorder: Recorder, status: int) -> None:
    recorder.answer("POST", "/upload/", status, "{}")
    put(store, "a", b"body", Create())
    assert [one.status for one in recorder.all("POST", "/upload/")] == [status, 200]


def test_a_bucket_that_is_missing_is_told_from_a_key(gcs: FakeGcs) -> None:
    store = open_store("gs://no-such-bucket-of-ours", StoreOptions(env={}, endpoint_url=gcs.endpoint_url))
    for call in (lambda: keys(store), lambda: read(store, "a"), lambda: store.head("a"), lambda: store.delete("a")):
        with pytest.raises(BucketMissing) as refused:
            call()
        assert refused.value.hint and "gcloud storage buckets create" in refused.value.hint
