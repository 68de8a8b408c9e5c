"""Azure: what only this store has to settle, on Azurite."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from s3sync.errors import (
    Archived,
    BucketMissing,
    ChecksumMismatch,
    CredentialsError,
    NotFound,
    PreconditionFailed,
    StoreError,
    Unreachable,
    Unsupported,
)
from s3sync.store import Store, StoreOptions, Wire, open_store
from s3sync.store.aspects import (
    Presigns,
    ReadsTimed,
    StorageClasses,
    Tags,
    Thaws,
    ThawState,
    Tier,
    require_aspect,
)
from s3sync.store.azure.blocks import read_id
from s3sync.store.lanes import attempts, errors
from s3sync.store.port import Bucket, Create, Headers, Overwrite, Part, Update
from s3sync.store.whole_md5 import NotesWholeMd5
from tests.contract.stores import MIB, UnderTest, keys, md5, noise, put, read, send
from tests.contract.test_conditions import race
from tests.kit.azurite import Azurite

pytestmark = pytest.mark.azurite
PART = MIB


def blob_of(azure: UnderTest, key: str) -> Any:
    assert isinstance(azure.server, Azurite)
    return azure.server.container().get_blob_client(f"{azure.prefix}/{key}")


def begun(store: Store, key: str, body: bytes) -> tuple[str, list[Part]]:
    upload_id = store.start_upload(key, Headers({"uploaded-by": "jan"}, "video/mp4"))
    pieces = [body[at : at + PART] for at in range(0, len(body), PART)]
    return upload_id, [send(store, key, upload_id, number, piece) for number, piece in enumerate(pieces, 1)]


# -- blocks


def test_a_new_version_keeps_the_blocks_that_it_shares_with_the_old_one(azure: UnderTest) -> None:
    store, old = azure.open(), noise(3 * PART)
    upload_id, parts = begun(store, "a", old)
    etag = store.complete_upload("a", upload_id, parts, mode=Create()).etag
    before = [one.id for one in blob_of(azure, "a").get_block_list("committed")[0]]
    upload_id, changed = store.start_upload("a", Headers()), noise(PART)

    def kept(number: int) -> Part:
        start = (number - 1) * PART
        copied = store.copy_part("a", upload_id, number, source="a", source_etag=etag, start=start, stop=start + PART)
        assert copied == md5(old[start : start + PART]).hex()
        return Part(number, PART, copied)

    parts = [kept(1), send(store, "a", upload_id, 2, changed), kept(3)]
    assert blob_of(azure, "a").get_block_list("uncommitted")[1][0].size == PART  # the one that was sent
    after = store.complete_upload("a", upload_id, parts, mode=Update(etag)).etag
    ids = [one.id for one in blob_of(azure, "a").get_block_list("committed")[0]]
    assert (ids[0], ids[2]) == (before[0], before[2]) and ids[1] != before[1]
    assert read(store, "a") == old[:PART] + changed + old[2 * PART :]
    assert store.head("a").info.etag == after
    assert {len(one) for one in ids} == {len(ids[0])}


def test_blocks_are_kept_of_the_expected_version_alone(azure: UnderTest) -> None:
    store = azure.open()
    upload_id, parts = begun(store, "a", noise(2 * PART))
    etag = store.complete_upload("a", upload_id, parts, mode=Create()).etag
    upload_id = store.start_upload("a", Headers())
    kept = store.copy_part("a", upload_id, 1, source="a", source_etag=etag, start=0, stop=PART)
    other, theirs = begun(azure.open(), "a", b"theirs")
    azure.open().complete_upload("a", other, theirs, mode=Update(etag))
    for mode in (Update(etag), Overwrite()):
        with pytest.raises(PreconditionFailed):
            store.complete_upload("a", upload_id, [Part(1, PART, kept)], mode=mode)
    with pytest.raises(PreconditionFailed):
        azure.open().copy_part("a", upload_id, 1, source="a", source_etag=etag, start=0, stop=PART)
    assert read(store, "a") == b"theirs"


def test_a_colleagues_commit_drops_what_was_sent_and_the_error_says_so(azure: UnderTest) -> None:
    mine, theirs = azure.open(), azure.open()
    upload_id, parts = begun(mine, "a", noise(2 * PART))
    other, others = begun(theirs, "a", b"theirs")
    assert [part.number for part in mine.list_parts("a", upload_id)] == [1, 2]  # nobody's blocks are another's
    theirs.complete_upload("a", other, others, mode=Create())
    assert list(mine.list_parts("a", upload_id)) == []
    with pytest.raises(PreconditionFailed, match="somebody else published it meanwhile"):
        mine.complete_upload("a", upload_id, parts, mode=Create())
    with pytest.raises(NotFound, match="Azure drops what others have sent"):
        mine.complete_upload("a", upload_id, parts, mode=Overwrite())
    assert read(mine, "a") == b"theirs"


def test_blocks_that_are_all_there_are_committed_over_the_expected_version_alone(azure: UnderTest) -> None:
    store = azure.open()
    etag = put(store, "a", b"theirs")
    upload_id, parts = begun(store, "a", b"mine")
    for mode in (Create(), Update(etag[:-1] + ("1" if etag[-1] == "0" else "0"))):
        with pytest.raises(PreconditionFailed):
            store.complete_upload("a", upload_id, parts, mode=mode)
    assert read(store, "a") == b"theirs"
    store.complete_upload("a", upload_id, parts, mode=Update(etag))
    assert read(store, "a") == b"mine"


def test_the_md5_of_the_whole_is_kept_where_other_tools_look(azure: UnderTest) -> None:
    store, body = azure.open(), noise(2 * PART)
    upload_id, parts = begun(store, "a", body)
    require_aspect(store, NotesWholeMd5).note_md5(upload_id, md5(body))
    store.complete_upload("a", upload_id, parts, mode=Create())
    put(store, "small", b"small")
    assert bytes(blob_of(azure, "a").get_blob_properties().content_settings.content_md5) == md5(body)
    assert bytes(blob_of(azure, "small").get_blob_properties().content_settings.content_md5) == md5(b"small")


def test_blocks_of_other_programs_are_left_alone(azure: UnderTest) -> None:
    """azcopy and the portal make blobs of blocks whose ids say other things, or have another length."""
    store, blob = azure.open(), blob_of(azure, "a")
    blob.stage_block("x1", b"one" * 100)
    blob.stage_block("x2", b"two" * 100)
    blob.commit_block_list(["x1", "x2"])
    assert read_id("x1") is None
    etag = store.head("a").info.etag
    upload_id = store.start_upload("a", Headers())
    copied = store.copy_part("a", upload_id, 1, source="a", source_etag=etag, start=0, stop=300)
    assert copied.startswith("copied-")  # not kept: nobody knows its MD5
    parts = [send(store, "a", upload_id, 1, b"ours")]
    store.complete_upload("a", upload_id, parts, mode=Update(etag))
    assert read(store, "a") == b"ours"


def test_what_stands_for_an_upload_is_no_object_and_goes_with_it(azure: UnderTest) -> None:
    store = azure.open()
    first, parts = begun(store, "p/a", b"a")
    second = store.start_upload("p/b", Headers())
    assert (keys(store), list(store.folders("")), keys(store, ".s3sync-uploads/")) == ([], [], [])
    store.complete_upload("p/a", first, parts, mode=Create())
    store.abort_upload("p/b", second)
    assert isinstance(azure.server, Azurite)
    there = [blob.name for blob in azure.server.container().list_blobs(name_starts_with=azure.prefix)]
    assert there == [f"{azure.prefix}/p/a"]
    for strange in ("../../x", "0" * 24, "", second):
        with pytest.raises(NotFound):
            list(store.list_parts("p/b", strange))


@pytest.mark.slow
def test_of_eight_writers_one_wins_in_each_of_fifty_rounds(azure: UnderTest) -> None:
    """Small and in blocks, on a new name and over a known version, by turns."""
    stores = [azure.open() for _ in range(8)]
    etags: dict[str, str] = {}
    for round_ in range(50):
        key = f"r{round_ % 10}"
        mode = Update(etags[key]) if key in etags else Create()
        bodies = [b"%d-%d" % (round_, number) for number in range(8)]
        if round_ % 2:
            ready = [begun(store, key, body) for store, body in zip(stores, bodies, strict=True)]
            won = race(lambda n, k=key, m=mode, r=ready: stores[n].complete_upload(k, *r[n], mode=m))  # type: ignore[misc]
        else:
            won = race(lambda n, k=key, m=mode, b=bodies: put(stores[n], k, b[n], m))  # type: ignore[misc]
        assert len(won) == 1
        assert read(stores[0], key) == bodies[won[0]]
        etags[key] = stores[0].head(key).info.etag


# -- whole objects


@pytest.mark.parametrize("size", [10, 2 * MIB])
def test_bytes_that_were_not_promised_are_refused(azure: UnderTest, size: int) -> None:
    store = azure.open()
    with pytest.raises(ChecksumMismatch):
        store.put("a", noise(size), mode=Overwrite(), headers=Headers(), md5=md5(b"other"))
    assert keys(store) == []


@pytest.mark.parametrize("key", ["a.", "b./c", "x/../y", "ctrl\x01x", "half\ud800", "x/" * 300 + "y"])
def test_a_name_that_azure_would_change_is_refused_before_anything_is_sent(azure: UnderTest, key: str) -> None:
    store = azure.open()
    writes: list[Callable[[], object]] = [lambda: put(store, key), lambda: store.start_upload(key, Headers())]
    for attempt in writes:
        with pytest.raises(StoreError, match="Azure cannot hold") as refused:
            attempt()
        assert refused.value.hint
    assert keys(store) == []


def test_metadata_is_spelled_as_azure_holds_it(azure: UnderTest) -> None:
    store, told = azure.open(), {"uploaded-by": "José", "a_b": "1", "mtime": "2", "a-x5f": "3", "9": "", "dot.ted": "4"}
    put(store, "a", headers=Headers(told))
    assert store.head("a").metadata == told
    held = blob_of(azure, "a").get_blob_properties().metadata
    assert set(held) == {"uploaded_by", "a_x5fb", "mtime", "a_x2dx5f", "_x39", "dot_x2eted"}


# -- tiers


def test_tiers_stand_where_s3_has_classes(azure: UnderTest) -> None:
    store, body = azure.open(), noise(5000)
    etag = put(store, "a b/é.mp4", body, headers=Headers({"uploaded-by": "jan"}, tags={"archive": "fast"}))
    classes, thaws = require_aspect(store, StorageClasses), require_aspect(store, Thaws)
    for tier in ("Cool", "Cold", "Hot"):
        assert classes.change_class("a b/é.mp4", tier, etag=etag) == etag == store.head("a b/é.mp4").info.etag
        found = thaws.thaw_of("a b/é.mp4")
        assert (found.state, found.storage_class) == (ThawState.WARM, tier)
        assert read(store, "a b/é.mp4") == body
    assert require_aspect(store, Tags).get_tags("a b/é.mp4") == {"archive": "fast"}
    with pytest.raises(Unsupported, match="no storage class"):
        classes.change_class("a b/é.mp4", "GLACIER", etag=etag)
    with pytest.raises(NotFound):
        classes.change_class("nothing", "Cool", etag=etag)
    put(store, "a b/é.mp4", b"newer")
    with pytest.raises(PreconditionFailed):
        classes.change_class("a b/é.mp4", "Archive", etag=etag)
    assert thaws.thaw_of("a b/é.mp4").state is ThawState.WARM


@pytest.mark.parametrize("way", ["put", "blocks", "moved"])
def test_what_is_archived_cannot_be_read_until_it_is_thawed(azure: UnderTest, way: str) -> None:
    store, headers = azure.open(), Headers(storage_class="Archive")
    if way == "put":
        etag = put(store, "a", b"cold", headers=headers)
    elif way == "blocks":
        upload_id = store.start_upload("a", headers)
        parts = [send(store, "a", upload_id, 1, b"cold")]
        etag = store.complete_upload("a", upload_id, parts, mode=Create()).etag
    else:
        etag = put(store, "a", b"cold")
        require_aspect(store, StorageClasses).change_class("a", "Archive", etag=etag)
    thaws = require_aspect(store, Thaws)
    assert thaws.thaw_of("a").state is ThawState.COLD
    assert [(info.key, thaw and thaw.state) for info, thaw in thaws.list_thaws("")] == [("a", ThawState.COLD)]
    reads: list[Callable[[], object]] = [lambda: read(store, "a"), lambda: read(store, "a", 1, 3)]
    for attempt in reads:
        with pytest.raises(Archived) as refused:
            attempt()
        assert refused.value.hint and "already exists" not in str(refused.value)
    with pytest.raises(Archived):
        require_aspect(store, StorageClasses).change_class("a", "Hot", etag=etag)
    assert thaws.thaw("a", days=3, tier=Tier.STANDARD).state in (ThawState.THAWING, ThawState.WARM)
    assert thaws.thaw("a", days=3, tier=Tier.BULK).state in (ThawState.THAWING, ThawState.WARM)
    assert read(store, "a") == b"cold"  # at once here, after up to 15 hours there
    assert (thaws.thaw_of("a").storage_class, store.head("a").info.etag) == ("Hot", etag)


def test_folders_with_their_thaws(azure: UnderTest) -> None:
    store = azure.open()
    for key in ("p/a", "p/deep/b", "q"):
        put(store, key)
    store.start_upload("z", Headers())
    thaws = require_aspect(store, Thaws)
    found = [item if isinstance(item, str) else item[0].key for item in thaws.list_folder("")]
    assert sorted(found) == ["p/", "q"]
    assert [info.key for info, _ in thaws.list_thaws("", after="p/a")] == ["p/deep/b", "q"]
    assert [info.key for info, _ in thaws.list_thaws("", ["p/deep/b"])] == ["p/a", "p/deep/b"]


# -- links, tags, time, settings


def test_a_link_works_without_credentials_until_it_ends(azure: UnderTest) -> None:
    store, key = azure.open(), "a b+c/é🎬 'x' & #1.mov"
    put(store, key, b"film", headers=Headers(content_type="video/mp4"))
    presigns = require_aspect(store, Presigns)
    link = presigns.presign_get(key, lasts=timedelta(hours=1), download_as='Müllers "Film".mp4')
    with urllib.request.urlopen(link.url, timeout=20) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"film", "video/mp4")
        assert "M%C3%BCllers" in answer.headers["Content-Disposition"]
    for url in (link.url.replace("1.mov", "2.mov"), link.url.partition("?")[0]):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url, timeout=20)
        assert refused.value.code in (401, 403, 404)
    attempts_: list[Callable[[], object]] = [
        lambda: presigns.presign_put("a", lasts=timedelta(hours=1)),
        lambda: presigns.presign_post("a", lasts=timedelta(hours=1), most_bytes=1),
    ]
    for attempt in attempts_:
        with pytest.raises(Unsupported):
            attempt()


def test_tags_are_replaced_and_removed(azure: UnderTest) -> None:
    store = azure.open()
    etag = put(store, "a")
    tags = require_aspect(store, Tags)
    for told in ({"archive": "fast", "kind": "final cut"}, {"archive": "delayed"}, {}):
        tags.put_tags("a", told)
        assert (tags.get_tags("a"), store.head("a").info.etag) == (told, etag)
    with pytest.raises(NotFound):
        tags.get_tags("nothing")


def test_a_read_tells_the_stores_time(azure: UnderTest) -> None:
    store = azure.open()
    put(store, "a", b"lock")
    found = require_aspect(store, ReadsTimed).read_timed("a", 100)
    assert found.body == b"lock" and found.now is not None
    assert abs(found.now - found.info.modified) < timedelta(minutes=1)
    assert require_aspect(store, ReadsTimed).read_timed("a", 2).body is None


def test_the_settings_of_a_container(azure: UnderTest) -> None:
    bucket = require_aspect(azure.open(), Bucket)
    bucket.first_contact("p/")
    assert bucket.store_time is not None
    assert (bucket.acl_is_public(), bucket.object_lock()) == (False, False)


# -- what can be wrong

OPERATIONS: dict[str, Callable[[Store], object]] = {
    "list": lambda store: list(store.list("a/")),
    "head": lambda store: store.head("a/b"),
    "get": lambda store: read(store, "a/b"),
    "put": lambda store: put(store, "a/b"),
    "put large": lambda store: put(store, "a/b", noise(2 * MIB)),
    "delete": lambda store: store.delete("a/b"),
    "copy": lambda store: store.copy("a/b", "c", source_etag="0x1", mode=Overwrite(), headers=None),
    "start upload": lambda store: store.start_upload("a/b", Headers()),
    "list uploads": lambda store: list(store.list_uploads("")),
    "first contact": lambda store: require_aspect(store, Bucket).first_contact(""),
}


def fails(store: Store, operation: str, kind: type[StoreError], secrets: list[str]) -> StoreError:
    with pytest.raises(kind) as caught:
        OPERATIONS[operation](store)
    error = caught.value
    assert type(error) is kind and error.hint
    for text in (str(error), error.hint):
        assert not any(secret in text for secret in [*secrets, "sig=", "RequestId", "<?xml", "<Error>", "\n"])
    return error


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_missing_container(azurite: Azurite, operation: str) -> None:
    store = open_store(f"az://{azurite.account}/nowhere/x", StoreOptions(env=azurite.environment()))
    error = fails(store, operation, BucketMissing, [azurite.key])
    assert "no container nowhere in the account" in str(error)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wrong_key(azurite: Azurite, operation: str) -> None:
    wrong = ("A" if azurite.key[0] != "A" else "B") + azurite.key[1:]
    env = {"AZURE_STORAGE_CONNECTION_STRING": azurite.connection_string.replace(azurite.key, wrong)}
    fails(open_store(f"{azurite.url}/x", StoreOptions(env=env)), operation, CredentialsError, [wrong])


def test_credentials_of_another_account_are_not_sent(azurite: Azurite) -> None:
    url, endpoint = f"az://somebodyelse/{azurite.bucket}", azurite.endpoint_url
    for env in (
        azurite.environment(),
        {"AZURE_STORAGE_KEY": azurite.key, "AZURE_STORAGE_ACCOUNT": azurite.account},
        {"AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=secret", "AZURE_STORAGE_ACCOUNT": azurite.account},
    ):
        error = fails(
            open_store(url, StoreOptions(env=env, endpoint_url=endpoint)), "list", CredentialsError, [azurite.key]
        )
        assert "not for the account somebodyelse" in str(error)


@pytest.mark.parametrize("key", ["short", "not base64!", "abc"])
def test_what_is_no_key_is_said_to_be_none(azurite: Azurite, key: str) -> None:
    error = fails(open_store(azurite.url, StoreOptions(env={"AZURE_STORAGE_KEY": key})), "list", CredentialsError, [])
    assert "AZURE_STORAGE_KEY" in str(error) and key not in str(error)


def test_no_credentials_at_all(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    from s3sync.store.azure import login

    monkeypatch.setattr(login, "program", lambda name: None)
    error = fails(open_store(azurite.url, StoreOptions(env={})), "list", CredentialsError, [])
    assert "AZURE_STORAGE_KEY" in str(error.hint)


def test_a_shared_access_signature_is_enough_for_what_it_allows(azurite: Azurite) -> None:
    from datetime import UTC, datetime

    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    def signed(**rights: bool) -> Store:
        sas = generate_container_sas(
            azurite.account,
            azurite.bucket,
            account_key=azurite.key,
            permission=ContainerSasPermissions(**rights),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        env = {"AZURE_STORAGE_SAS_TOKEN": f"?{sas}"}
        return open_store(f"{azurite.url}/sas", StoreOptions(env=env, endpoint_url=azurite.endpoint_url))

    writer, reader = signed(read=True, write=True, list=True, delete=True, tag=True), signed(read=True, list=True)
    body = noise(2 * MIB)
    upload_id, parts = begun(writer, "a", body)
    etag = writer.complete_upload("a", upload_id, parts, mode=Overwrite()).etag
    writer.copy("a", "b", source_etag=etag, mode=Overwrite(), headers=None)
    assert read(reader, "b") == body and keys(reader) == ["a", "b"]
    with pytest.raises(StoreError) as refused:
        put(reader, "c")
    assert "sig=" not in str(refused.value) and refused.value.hint
    with pytest.raises(Unsupported, match="only an account's key"):
        require_aspect(writer, Presigns).presign_get("a", lasts=timedelta(hours=1))
    for key in ("a", "b"):
        writer.delete(key)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that keeps failing is given up after a second."""
    monkeypatch.setattr(attempts, "patience", lambda failure: min(1.0, errors.patience(failure)))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", ["list", "put large"])  # one for each lane
def test_an_account_that_does_not_exist(operation: str) -> None:
    """Its name is part of the host, which then does not resolve; here no name does."""
    env = {"AZURE_STORAGE_KEY": "c2VjcmV0c2VjcmV0c2VjcmV0"}
    endpoint = "https://nosuchaccount.blob.invalid"
    store = open_store("az://nosuchaccount/films", StoreOptions(env=env, endpoint_url=endpoint, wire=Wire(retries=0)))
    error = fails(store, operation, Unreachable, ["c2VjcmV0"])
    assert "nosuchaccount.blob.invalid" in str(error)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", ["list", "put large"])
def test_nobody_answers(operation: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        store = open_store("az://films/shared", StoreOptions(env={"AZURE_STORAGE_KEY": "c2VjcmV0"}, endpoint_url=url))
        assert url in str(fails(store, operation, Unreachable, ["c2VjcmV0"]))
