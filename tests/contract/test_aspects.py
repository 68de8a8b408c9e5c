"""The contract of what some stores can do beyond the port: each aspect on every store that has it, one clear error on
every other."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from s3sync.errors import Archived, NotFound, PreconditionFailed, S3syncError, StoreError, Unsupported
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.aspects import (
    Administers,
    Presigns,
    StorageClasses,
    Tags,
    Thaws,
    ThawState,
    Tier,
    Versions,
    aspect,
    require_aspect,
)
from s3sync.store.checked import CheckedStore
from s3sync.store.port import Bucket, Headers, Overwrite, Part
from s3sync.store.probe import Honours
from s3sync.store.wrapped import Wrapped
from tests.contract.stores import UnderTest, md5, noise, on_server, put, read
from tests.kit.servers import Server

OF_A_KIND = {
    "folder": (),
    "sealed": (),
    "azurite": (Presigns, Tags, StorageClasses, Thaws, Bucket),
    "gcs": (Versions, Presigns, StorageClasses),
}
ALL = (Versions, Presigns, Tags, StorageClasses, Thaws, Administers, Bucket)


@pytest.mark.parametrize("kind", ALL)
def test_an_aspect_is_there_or_one_error_says_that_it_is_not(under_test: UnderTest, kind: type[Any]) -> None:
    store = under_test.open()
    for found in (store, Wrapped(store), CheckedStore(Wrapped(store), lambda condition: Honours.ENFORCED)):
        if kind in OF_A_KIND.get(under_test.name, ALL):
            assert isinstance(aspect(found, kind), kind)
            assert isinstance(require_aspect(found, kind), kind)
        else:
            assert aspect(found, kind) is None
            with pytest.raises(Unsupported) as refused:
                require_aspect(found, kind)
            assert store.url in str(refused.value) and refused.value.hint


def test_looking_for_an_aspect_asks_nobody() -> None:
    store = open_store("s3://bucket", StoreOptions(endpoint_url="http://127.0.0.1:9", env={}))
    assert all(aspect(store, kind) is not None for kind in ALL)
    assert aspect(store, Wrapped) is None


# -- links


def fetch(url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
    headers = headers or {"Content-Type": "application/octet-stream"} if body else {}
    return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=20)


@pytest.mark.parametrize("key", ["cut/draft.mp4", "a b+c/é🎬 'x' & \"y\".mov", "50%/#1?x=1"])
def test_whoever_has_the_link_gets_the_object_until_it_ends(s3: UnderTest, key: str) -> None:
    store, body = s3.open(), noise(1000)
    put(store, key, body, headers=Headers(content_type="video/mp4"))
    began = datetime.now(UTC)
    link = require_aspect(store, Presigns).presign_get(key, lasts=timedelta(hours=2))
    with fetch(link.url) as answer:
        assert answer.read() == body
        assert answer.headers["Content-Type"] == "video/mp4"
    assert abs(link.expires - began - timedelta(hours=2)) < timedelta(seconds=20)
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link.url


def test_a_link_can_ask_for_a_name_to_save_under(s3: UnderTest) -> None:
    store = s3.open()
    put(store, "a")
    link = require_aspect(store, Presigns).presign_get(
        "a", lasts=timedelta(minutes=5), download_as='Müllers "Film".mp4', content_type="video/mp4"
    )
    with fetch(link.url) as answer:
        told = answer.headers["Content-Disposition"]
        assert told.startswith("attachment") and "M%C3%BCllers%20%22Film%22.mp4" in told
        assert answer.headers["Content-Type"] == "video/mp4"


def test_a_link_that_ended_or_was_changed_is_refused(s3: UnderTest) -> None:
    s3.require("rights")
    store = s3.open()
    put(store, "a", b"public")
    put(store, "b", b"secret")
    presigns = require_aspect(store, Presigns)
    link = presigns.presign_get("a", lasts=timedelta(hours=1))
    short = presigns.presign_get("a", lasts=timedelta(seconds=1))
    time.sleep(2.1)
    for url in (short.url, link.url.replace("/a?", "/b?"), link.url.replace("Expires=3600", "Expires=7200")):
        assert url != link.url
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetch(url).read()
        assert refused.value.code in (400, 401, 403)


def test_a_file_can_be_put_by_link(s3: UnderTest) -> None:
    store = s3.open()
    link = require_aspect(store, Presigns).presign_put("inbox/a", lasts=timedelta(minutes=5))
    with fetch(link.url, "PUT", b"from outside"):
        pass
    assert read(store, "inbox/a") == b"from outside"


def post(url: str, fields: dict[str, str], content: bytes) -> int:
    mark = uuid.uuid4().hex
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="x.mp4"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + content + f"\r\n--{mark}--\r\n".encode()
    try:
        with fetch(url, "POST", body, {"Content-Type": f"multipart/form-data; boundary={mark}"}) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_form_takes_one_file_of_a_limited_size_under_its_key(s3: UnderTest) -> None:
    store = s3.open()
    form = require_aspect(store, Presigns).presign_post("inbox/1/film", lasts=timedelta(minutes=5), most_bytes=1000)
    assert 200 <= post(form.url, dict(form.fields), b"client's film") < 300
    assert read(store, "inbox/1/film") == b"client's film"
    s3.require("limits of forms")
    elsewhere = dict(form.fields) | {"key": form.fields["key"].replace("inbox/1", "inbox/2")}
    assert post(form.url, elsewhere, b"elsewhere") >= 400
    assert post(form.url, dict(form.fields), noise(2000)) >= 400
    assert [info.key for info in store.list("")] == ["inbox/1/film"]


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(seconds=-5), timedelta(days=7, seconds=1)])
def test_a_link_lasts_up_to_seven_days(lasts: timedelta) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "a" * 20, "AWS_SECRET_ACCESS_KEY": "b" * 40}
    store = open_store("s3://bucket", StoreOptions(endpoint_url="http://127.0.0.1:9", env=keys))
    presigns = require_aspect(store, Presigns)
    with pytest.raises(StoreError, match="7 days"):
        presigns.presign_get("a", lasts=lasts)
    with pytest.raises(StoreError, match="7 days"):
        presigns.presign_post("a", lasts=lasts, most_bytes=1)
    with pytest.raises(StoreError, match="name"):
        presigns.presign_post("inbox/${filename}", lasts=timedelta(days=7), most_bytes=1)


def test_a_link_ends_with_the_session_that_signed_it() -> None:
    """Its own end would be a promise that nobody keeps."""
    soon = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    keys = {"AWS_ACCESS_KEY_ID": "a" * 20, "AWS_SECRET_ACCESS_KEY": "b" * 40, "AWS_SESSION_TOKEN": "token"}
    for told, ends in ((soon.isoformat(), soon), (soon.isoformat().replace("+00:00", "Z"), soon)):
        env = keys | {"AWS_CREDENTIAL_EXPIRATION": told}
        store = open_store("s3://bucket", StoreOptions(endpoint_url="http://127.0.0.1:9", env=env))
        assert require_aspect(store, Presigns).presign_get("a", lasts=timedelta(days=7)).expires == ends
    store = open_store("s3://bucket", StoreOptions(endpoint_url="http://127.0.0.1:9", env=keys))
    assert require_aspect(store, Presigns).presign_get("a", lasts=timedelta(minutes=1)).expires < soon


def test_a_link_of_renewed_keys_ends_with_them(tmp_path: Any) -> None:
    """Keys of a credential process are renewed by botocore, which knows their end."""
    soon = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    keys = {"Version": 1, "AccessKeyId": "a" * 20, "SecretAccessKey": "b" * 40, "SessionToken": "t"}
    (tmp_path / "keys.json").write_text(json.dumps(keys | {"Expiration": soon.isoformat()}))
    (tmp_path / "config").write_text(f"[profile p]\ncredential_process = cat {tmp_path}/keys.json\n")
    env = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    store = open_store("s3://bucket", StoreOptions(endpoint_url="http://127.0.0.1:9", env=env, profile="p"))
    assert require_aspect(store, Presigns).presign_get("a", lasts=timedelta(days=7)).expires == soon


# -- tags


def test_tags_are_replaced_and_removed(s3: UnderTest) -> None:
    store = s3.open()
    etag = put(store, "a", b"content", headers=Headers({"uploaded-by": "jan"}))
    tags = require_aspect(store, Tags)
    assert tags.get_tags("a") == {}
    tags.put_tags("a", {"archive": "fast", "kind": "final cut"})
    assert tags.get_tags("a") == {"archive": "fast", "kind": "final cut"}
    tags.put_tags("a", {"archive": "delayed"})
    assert tags.get_tags("a") == {"archive": "delayed"}
    tags.put_tags("a", {})
    assert tags.get_tags("a") == {}
    head = store.head("a")
    assert (head.info.etag, head.metadata) == (etag, {"uploaded-by": "jan"})


def test_tags_of_nothing_are_an_error(s3: UnderTest) -> None:
    tags = require_aspect(s3.open(), Tags)
    with pytest.raises(NotFound):
        tags.get_tags("nothing")
    with pytest.raises(NotFound):
        tags.put_tags("nothing", {"a": "b"})


# -- classes and thaws


def test_a_class_is_changed_in_place(s3: UnderTest) -> None:
    s3.require("class in place")
    store = s3.open()
    headers = Headers({"uploaded-by": "jan"}, "video/mp4", tags={"archive": "fast"})
    body = noise(5000)
    etag = put(store, "a b/é.mp4", body, headers=headers)
    classes = require_aspect(store, StorageClasses)
    after = classes.change_class("a b/é.mp4", "STANDARD_IA", etag=etag)
    head = store.head("a b/é.mp4")
    assert head.info.etag == after
    assert (head.metadata, head.content_type) == ({"uploaded-by": "jan"}, "video/mp4")
    assert require_aspect(store, Thaws).thaw_of("a b/é.mp4").storage_class == "STANDARD_IA"
    assert require_aspect(store, Tags).get_tags("a b/é.mp4") == {"archive": "fast"}
    assert read(store, "a b/é.mp4") == body
    with pytest.raises(NotFound):
        classes.change_class("nothing", "STANDARD_IA", etag=etag)


def test_only_the_expected_version_changes_its_class(s3: UnderTest) -> None:
    s3.require("copy source etag")
    s3.require("class in place")
    store = s3.open()
    old = put(store, "a", b"old")
    put(store, "a", b"new")
    with pytest.raises(PreconditionFailed):
        require_aspect(store, StorageClasses).change_class("a", "STANDARD_IA", etag=old)


def test_a_class_that_the_store_does_not_know_is_refused(s3: UnderTest) -> None:
    store = s3.open()
    etag = put(store, "a")
    with pytest.raises(StoreError):
        require_aspect(store, StorageClasses).change_class("a", "GLACIER_FLEXIBLE_RETRIEVAL", etag=etag)
    assert store.head("a").info.etag == etag


def test_what_is_warm_is_not_thawed(s3: UnderTest) -> None:
    store = s3.open()
    put(store, "a")
    put(store, "b", headers=Headers(storage_class="GLACIER_IR"))
    thaws = require_aspect(store, Thaws)
    for key, storage_class in (("a", "STANDARD"), ("b", "GLACIER_IR")):
        found = thaws.thaw(key, days=1, tier=Tier.BULK)
        assert (found.state, found.storage_class, found.until) == (ThawState.WARM, storage_class, None)
    with pytest.raises(NotFound):
        thaws.thaw("nothing", days=1, tier=Tier.BULK)


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_what_is_cold_is_thawed_and_then_read(s3: UnderTest, storage_class: str) -> None:
    s3.require("thaw")
    store, body = s3.open(), noise(3000)
    put(store, "cold/a", body, headers=Headers(storage_class=storage_class))
    thaws = require_aspect(store, Thaws)
    assert thaws.thaw_of("cold/a").state is ThawState.COLD
    with pytest.raises(Archived):
        read(store, "cold/a")
    first = thaws.thaw("cold/a", days=3, tier=Tier.STANDARD)
    assert first.state in (ThawState.THAWING, ThawState.THAWED)
    again = thaws.thaw("cold/a", days=3, tier=Tier.STANDARD)
    assert again.state in (ThawState.THAWING, ThawState.THAWED)
    give_up = time.monotonic() + 60
    while (now := thaws.thaw_of("cold/a")).state is not ThawState.THAWED and time.monotonic() < give_up:
        time.sleep(0.1)
    assert now.state is ThawState.THAWED and now.storage_class == storage_class
    assert now.until is not None and now.until.tzinfo is not None
    assert timedelta(days=2) < now.until - datetime.now(UTC) < timedelta(days=5)
    assert read(store, "cold/a") == body


def test_deep_archive_has_no_expedited_thaw(s3: UnderTest) -> None:
    store = s3.open()
    put(store, "a", headers=Headers(storage_class="DEEP_ARCHIVE"))
    thaws = require_aspect(store, Thaws)
    with pytest.raises(Unsupported) as refused:
        thaws.thaw("a", days=1, tier=Tier.EXPEDITED)
    assert refused.value.hint and "bulk" in refused.value.hint
    assert thaws.thaw_of("a").state is ThawState.COLD


@pytest.mark.seaweedfs
def test_a_store_that_cannot_thaw_says_so(seaweedfs: Server) -> None:
    store = on_server(seaweedfs).open()
    put(store, "a", headers=Headers(storage_class="GLACIER"))
    with pytest.raises(Unsupported):
        require_aspect(store, Thaws).thaw("a", days=1, tier=Tier.BULK)


def test_a_listing_says_what_is_warm_and_leaves_open_what_it_does_not_know(s3: UnderTest) -> None:
    store = s3.open()
    for name, storage_class in (("a", None), ("b", "GLACIER_IR"), ("c", "DEEP_ARCHIVE")):
        put(store, f"p/{name}", headers=Headers(storage_class=storage_class))
    put(store, "q")
    found = {info.key: thaw for info, thaw in require_aspect(store, Thaws).list_thaws("p/")}
    assert sorted(found) == ["p/a", "p/b", "p/c"]
    for key in ("p/a", "p/b"):
        assert found[key] is not None and found[key].state is ThawState.WARM  # type: ignore[union-attr]
    told = found["p/c"]
    assert told is None or told.state is ThawState.COLD


def test_a_listing_tells_thaws_where_the_store_does(moto: Server) -> None:
    """AWS does; no test server does, so its words are put into a real answer."""
    store = on_server(moto).open()
    for name in ("cold", "running", "ready"):
        put(store, f"p/{name}", headers=Headers(storage_class="GLACIER"))
    until = datetime(2031, 5, 6, tzinfo=UTC)
    told = {
        "running": {"IsRestoreInProgress": True},
        "ready": {"IsRestoreInProgress": False, "RestoreExpiryDate": until},
    }
    asked: list[str] = []

    def before(params: dict[str, Any], **_: object) -> None:
        asked.append(params["headers"]["x-amz-optional-object-attributes"])

    def after(parsed: dict[str, Any], **_: object) -> None:
        for item in parsed["Contents"]:
            item.update({"RestoreStatus": told[name]} if (name := item["Key"].rpartition("/")[2]) in told else {})

    events = store._full.client.meta.events  # type: ignore[attr-defined]
    events.register("before-call.s3.ListObjectsV2", before)
    events.register("after-call.s3.ListObjectsV2", after)
    found = {info.key: thaw for info, thaw in require_aspect(store, Thaws).list_thaws("p/")}
    assert asked == ["RestoreStatus"]
    assert found["p/cold"] is None
    assert found["p/running"] is not None and found["p/running"].state is ThawState.THAWING
    assert found["p/ready"] is not None and found["p/ready"].state is ThawState.THAWED
    assert found["p/ready"].until == until


# -- a bucket of one's own


@pytest.fixture
def own(s3: UnderTest) -> Iterator[UnderTest]:
    """A bucket that is not there yet, for somebody who may make it."""
    server = s3.server
    assert server is not None
    keys = {"AWS_ACCESS_KEY_ID": server.admin.access_key, "AWS_SECRET_ACCESS_KEY": server.admin.secret_key}
    name = f"own-{uuid.uuid4().hex[:12]}"
    made = UnderTest(server.name, f"s3://{name}/team", server.environment() | keys, server)
    yield made
    client = server.client("admin")
    if name in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
            for item in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                client.delete_object(Bucket=name, Key=item["Key"], VersionId=item["VersionId"])
        client.delete_bucket(Bucket=name)


def created(own: UnderTest) -> tuple[Store, Administers]:
    store = own.open()
    bucket = require_aspect(store, Administers)
    bucket.create_bucket()
    return store, bucket


def test_a_bucket_is_made_once(own: UnderTest) -> None:
    bucket = require_aspect(own.open(), Administers)
    assert not bucket.bucket_exists()
    bucket.create_bucket()
    assert bucket.bucket_exists()
    bucket.create_bucket()
    put(own.open(), "a")
    assert read(own.open(), "a") == b"content"


def test_nothing_is_set_on_a_new_bucket(own: UnderTest) -> None:
    _, bucket = created(own)
    assert bucket.lifecycle_rules() == []
    assert bucket.cors_rules() == []
    assert bucket.versioning_status() is None


def test_lifecycle_rules_of_others_survive(own: UnderTest) -> None:
    _, bucket = created(own)
    theirs = {"ID": "theirs", "Status": "Disabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 400}}
    bucket.put_lifecycle_rules([theirs])
    ours = {"ID": "ours", "Status": "Enabled", "Filter": {"Prefix": "r/.s3sync/trash/"}, "Expiration": {"Days": 30}}
    bucket.put_lifecycle_rules([*bucket.lifecycle_rules(), ours])
    found = {rule["ID"]: rule for rule in bucket.lifecycle_rules()}
    assert sorted(found) == ["ours", "theirs"]
    assert found["theirs"]["Status"] == "Disabled" and found["theirs"]["Expiration"]["Days"] == 400
    assert found["ours"]["Filter"] == {"Prefix": "r/.s3sync/trash/"}
    bucket.put_lifecycle_rules([])
    assert bucket.lifecycle_rules() == []


def test_rules_by_tag_move_to_other_classes(own: UnderTest) -> None:
    own.require("lifecycle transitions")
    _, bucket = created(own)
    rule = {
        "ID": "fast",
        "Status": "Enabled",
        "Filter": {"Tag": {"Key": "archive", "Value": "fast"}},
        "Transitions": [{"Days": 7, "StorageClass": "DEEP_ARCHIVE"}],
    }
    bucket.put_lifecycle_rules([rule])
    (found,) = bucket.lifecycle_rules()
    assert found["Filter"] == rule["Filter"] and found["Transitions"] == rule["Transitions"]


def test_cors_rules_are_written_and_read(own: UnderTest) -> None:
    _, bucket = created(own)
    rule = {"AllowedOrigins": ["https://example.com"], "AllowedMethods": ["GET", "PUT"], "MaxAgeSeconds": 600}
    bucket.put_cors_rules([rule])
    (found,) = bucket.cors_rules()
    assert {name: found[name] for name in rule} == rule
    bucket.put_cors_rules([])
    assert bucket.cors_rules() == []


def test_public_access_is_blocked(own: UnderTest) -> None:
    own.require("public access block")
    _, bucket = created(own)
    bucket.block_public_access()
    assert bucket.blocks_public_access()


def test_encryption_by_default(own: UnderTest) -> None:
    _, bucket = created(own)
    bucket.encrypt_by_default("AES256")
    assert bucket.default_encryption() == "AES256"


def test_versions_are_kept_told_read_and_deleted(own: UnderTest) -> None:
    store, bucket = created(own)
    versions = require_aspect(store, Versions)
    assert not versions.keeps_versions()
    bucket.set_versioning(enabled=True)
    assert bucket.versioning_status() == "Enabled" and versions.keeps_versions()
    bodies = [b"first", b"second, longer"]
    etags = [put(store, "cut/a b.mp4", body) for body in bodies]
    store.delete("cut/a b.mp4")
    put(store, "other")
    found = list(versions.list_versions("cut/"))
    assert [(item.key, item.is_marker) for item in found if item.is_latest] == [("cut/a b.mp4", True)]
    kept = {item.etag: item for item in found if not item.is_marker}
    assert sorted(kept) == sorted(etags)
    for etag, body in zip(etags, bodies, strict=True):
        assert kept[etag].size == len(body)
        head = versions.head_version("cut/a b.mp4", kept[etag].version_id)
        assert (head.info.key, head.info.size, head.info.etag) == ("cut/a b.mp4", len(body), etag)
        with versions.get_version("cut/a b.mp4", kept[etag].version_id) as reader:
            assert b"".join(reader) == body
            assert reader.info.key == "cut/a b.mp4"
    with pytest.raises(NotFound):
        store.head("cut/a b.mp4")
    for item in found:
        versions.delete_version(item.key, item.version_id)
    assert list(versions.list_versions("cut/")) == []
    with pytest.raises(S3syncError):
        versions.get_version("cut/a b.mp4", found[-1].version_id)
    bucket.set_versioning(enabled=False)
    assert bucket.versioning_status() == "Suspended" and versions.keeps_versions()


def test_the_answer_to_a_write_tells_the_version(own: UnderTest) -> None:
    store, bucket = created(own)
    versions = require_aspect(store, Versions)

    def written() -> list[tuple[str, str | None]]:
        small = store.put("small", b"1", mode=Overwrite(), headers=Headers(), md5=md5(b"1"))
        timed = store.put("timed", b"2", mode=Overwrite(), headers=Headers(), md5=md5(b"2"), timed=True)
        upload_id = store.start_upload("parts", Headers())
        etag = store.put_part("parts", upload_id, 1, b"3")
        whole = store.complete_upload("parts", upload_id, [Part(1, 1, etag)], mode=Overwrite())
        return [(key, one.version_id) for key, one in (("parts", whole), ("small", small), ("timed", timed))]

    assert {version for _, version in written()} == {None}
    bucket.set_versioning(enabled=True)
    told = written()
    assert told == sorted((found.key, found.version_id) for found in versions.list_versions("") if found.is_latest)


def test_who_may_not_read_the_rules_does_not_replace_them(s3: UnderTest) -> None:
    """An empty answer would be merged into a loss of everybody's rules."""
    s3.require("rights")
    assert s3.server is not None
    store = replace_user(s3, "stranger")
    bucket = require_aspect(store, Administers)
    for ask in (bucket.lifecycle_rules, bucket.cors_rules, bucket.versioning_status, bucket.bucket_exists):
        with pytest.raises(StoreError):
            ask()


def replace_user(under_test: UnderTest, user: str) -> Store:
    assert under_test.server is not None
    return open_store(under_test.url, StoreOptions(env=under_test.server.environment(user)))
