"""Azure: decisions about blocks, names, addresses and credentials, without a server."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from s3sync.config.schemes import SCHEMES, is_on_aws, prefix_of
from s3sync.config.values import BadValue
from s3sync.errors import (
    AccessDenied,
    Archived,
    BucketMissing,
    ChecksumMismatch,
    ClockSkewed,
    ConfigError,
    CredentialsError,
    NotAStore,
    NotFound,
    PreconditionFailed,
    StoreError,
    Throttled,
    Unreachable,
    Unsupported,
)
from s3sync.store import StoreOptions, open_store
from s3sync.store.azure import login, names
from s3sync.store.azure.address import find_address
from s3sync.store.azure.blocks import (
    UNKNOWN_MD5,
    Block,
    chosen,
    is_made_of,
    is_upload,
    new_block,
    new_upload,
    offset_of,
    read_id,
    read_record,
    staged,
)
from s3sync.store.azure.credentials import Credentials
from s3sync.store.azure.errors import Target, error_class, translate
from s3sync.store.lanes.failures import Failure
from s3sync.store.port import Part

KEY = "c2VjcmV0LWtleS1vZi1hbi1hY2NvdW50"
SAS = "sv=2024-11-04&sr=c&sp=rl&sig=c2lnbmF0dXJl"


class Listed(Struct):
    """A block as the library lists it."""

    id: str
    size: int


# -- blocks


@given(
    st.binary(min_size=12, max_size=12),
    st.integers(1, 10_000),
    st.integers(0, 2**63),
    st.binary(min_size=16, max_size=16),
)
def test_an_id_says_what_was_put_into_it(tag: bytes, number: int, at: int, md5: bytes) -> None:
    block = Block(tag, number, at, md5)
    assert read_id(block.id) == block
    assert len(block.id) == 51  # all of one length, and fewer than 64 bytes


@pytest.mark.parametrize("text", ["", "x", "A" * 51 + "!", "A" * 50, "A" * 64, "é" * 51, "A" * 43])
def test_an_id_of_another_program_says_nothing(text: str) -> None:
    assert read_id(text) is None


def test_only_the_blocks_of_an_upload_are_its_parts_and_the_last_one_sent_counts() -> None:
    mine, theirs = new_upload(), new_upload()
    first, again = new_block(mine, 1, b"a" * 16), new_block(mine, 1, b"b" * 16)
    second, other = new_block(mine, 2, b"c" * 16), new_block(theirs, 1, b"d" * 16)
    listed = [Listed(again.id, 5), Listed(first.id, 5), Listed(other.id, 9), Listed("foreign", 1), Listed(second.id, 3)]
    there = staged(listed, mine)
    assert [ones[-1].part for ones in there.values()] == [Part(1, 5, again.etag), Part(2, 3, second.etag)]
    parts = [Part(1, 5, first.etag), Part(2, 3, second.etag)]
    assert chosen(parts, there, {}) == [(first.id, False), (second.id, False)]
    assert chosen([*parts, Part(3, 1, "0" * 32), Part(4, 1, "1" * 32)], there, {4: ("1" * 32, "kept")}) == [3]
    assert chosen([Part(4, 1, "1" * 32)], there, {4: ("1" * 32, "kept")}) == [("kept", True)]
    assert chosen([Part(4, 1, "2" * 32)], there, {4: ("1" * 32, "kept")}) == [4]


def test_a_blob_is_what_an_upload_made_of_it_only_with_a_block_of_its_own() -> None:
    mine, theirs = new_upload(), new_upload()
    first, kept = new_block(mine, 1, b"a" * 16), new_block(theirs, 2, b"b" * 16)
    parts = [Part(1, 5, first.etag), Part(2, 3, kept.etag)]
    committed = [Listed(first.id, 5), Listed(kept.id, 3)]
    assert is_made_of(committed, mine, parts)
    assert not is_made_of(committed[::-1], mine, parts)
    assert not is_made_of(committed[:1], mine, parts)
    assert not is_made_of([Listed(new_block(theirs, 1, b"a" * 16).id, 5), committed[1]], mine, parts)
    assert not is_made_of([], mine, [])


def test_only_a_block_that_is_exactly_these_bytes_is_kept() -> None:
    blocks = [Listed("a", 8), Listed("b", 8), Listed("c", 3)]
    assert [offset_of(blocks, start, size) for start, size in ((0, 8), (8, 8), (16, 3))] == blocks
    for start, size in ((0, 7), (1, 8), (8, 11), (16, 8), (19, 1), (99, 1)):
        assert offset_of(blocks, start, size) is None


def test_a_copied_block_is_told_apart_though_nobody_knows_its_md5() -> None:
    one, other = (new_block(new_upload(), 1, UNKNOWN_MD5) for _ in range(2))
    assert one.etag.startswith("copied-") and one.etag != other.etag


@pytest.mark.parametrize("number", [0, -1, 10_001])
def test_no_part_has_such_a_number(number: int) -> None:
    with pytest.raises(StoreError):
        new_block(new_upload(), number, b"a" * 16)


@pytest.mark.parametrize("upload_id", ["", "x", "../" * 8, "A" * 24, "0" * 23, "0" * 25, "0" * 24 + "\n"])
def test_what_comes_from_a_record_as_an_upload_becomes_no_other_name(upload_id: str) -> None:
    assert not is_upload(upload_id)
    assert is_upload("0" * 24)


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[" * 5000, b'{"key": 1, "headers": {}}', b'{"key": "a"}'])
def test_a_record_of_others_is_none(body: bytes) -> None:
    assert read_record(body) is None


# -- names and addresses


@given(st.dictionaries(st.from_regex(r"\A[a-z0-9!#$%&'*+.^_`|~-]{1,12}\Z"), st.text(max_size=30), max_size=5))
def test_metadata_comes_back_whatever_it_is_called(metadata: dict[str, str]) -> None:
    held = names.encode(metadata)
    assert all(name.isidentifier() and name.isascii() for name in held)
    assert len(held) == len(metadata)
    assert names.decode(held) == metadata


@pytest.mark.parametrize(
    ("endpoint", "base", "is_azure"),
    [
        (None, "https://films.blob.core.windows.net", True),
        ("https://films.blob.core.windows.net/", "https://films.blob.core.windows.net", True),
        ("https://films.blob.core.usgovcloudapi.net", "https://films.blob.core.usgovcloudapi.net", False),
        ("http://127.0.0.1:10000", "http://127.0.0.1:10000/films", False),
        ("http://127.0.0.1:10000/films", "http://127.0.0.1:10000/films", False),
        ("https://films.example.com", "https://films.example.com", False),
        ("https://example.com", "https://example.com/films", False),
        ("http://films.blob.core.windows.net", "http://films.blob.core.windows.net", False),
    ],
)
def test_the_address_of_an_account(endpoint: str | None, base: str, is_azure: bool) -> None:
    found = find_address("films", "shared", endpoint)
    assert (found.base, found.is_azure) == (base, is_azure)


@pytest.mark.parametrize("endpoint", ["ftp://x", "films", "https://", "https://u:p@x", "https://x/?sig=1"])
def test_what_is_no_address_of_a_service(endpoint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        find_address("films", "shared", endpoint)
    assert "sig=1" not in str(refused.value)


@pytest.mark.parametrize(
    "rest",
    ["", "films", "films/", "Films/shared", "fi/shared", "f-lms/shared", "films/a", "films/-ab", "films/a--b",
     "films/Ab", "films/shared?sig=x", "key@films/shared", "films/shared/../x", "films.blob.core.windows.net/shared"],
)  # fmt: skip
def test_what_is_no_container(rest: str) -> None:
    with pytest.raises(BadValue):
        SCHEMES["az"].read(rest)


def test_what_is_known_of_aws_alone() -> None:
    assert is_on_aws("s3://b/p", None) and not is_on_aws("s3://b/p", "https://minio.example.com")
    assert not any(is_on_aws(url, None) for url in ("az://films/shared", "gs://films", "file:///mnt/x"))
    assert [prefix_of(url) for url in ("az://films/shared/a/b", "az://films/shared", "s3://b/a/b")] == [
        "a/b",
        "",
        "a/b",
    ]


# -- credentials


def signer_of(**env: str) -> Any:
    return Credentials("films", StoreOptions(env=env)).signer()


def test_the_first_that_is_there_signs() -> None:
    connection = f"AccountName=films;AccountKey={KEY}"
    all_of_them = {
        "AZURE_STORAGE_CONNECTION_STRING": connection,
        "AZURE_STORAGE_KEY": KEY[::-1].replace("=", "A"),
        "AZURE_STORAGE_SAS_TOKEN": "?sv=1&sig=x",
    }
    assert signer_of(**all_of_them).key == KEY
    del all_of_them["AZURE_STORAGE_CONNECTION_STRING"]
    assert signer_of(**all_of_them).key == KEY[::-1]
    del all_of_them["AZURE_STORAGE_KEY"]
    assert signer_of(**all_of_them).sas == "sv=1&sig=x"
    signed = signer_of(AZURE_STORAGE_CONNECTION_STRING="AccountName=films;SharedAccessSignature=sv=1&sig=y")
    assert signed.sas == "sv=1&sig=y"
    assert KEY not in repr(signer_of(AZURE_STORAGE_KEY=KEY))


@pytest.mark.parametrize("text", [KEY, "?sv=1&sig=x", f"AccountName=films;AccountKey={KEY}"])
def test_the_settings_of_the_user_go_before_his_environment(text: str) -> None:
    options = StoreOptions(env={"MINE": text, "AZURE_STORAGE_KEY": "b3RoZXI="}, credentials_env="MINE")
    signer = Credentials("films", options).signer()
    assert (signer.key or signer.sas) in (KEY, "sv=1&sig=x")


@pytest.mark.parametrize(
    "env",
    [
        {"AZURE_STORAGE_CONNECTION_STRING": f"AccountName=other;AccountKey={KEY};BlobEndpoint=https://evil.example"},
        {"AZURE_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true"},
        {"AZURE_STORAGE_KEY": KEY, "AZURE_STORAGE_ACCOUNT": "other"},
        {"AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=x", "AZURE_STORAGE_ACCOUNT": "other"},
        {"AZURE_STORAGE_CONNECTION_STRING": "AccountName=films"},
    ],
)
def test_what_is_of_another_account_signs_nothing(env: dict[str, str]) -> None:
    found = Credentials("films", StoreOptions(env=env))
    with pytest.raises(CredentialsError) as refused:
        found.signer()
    assert refused.value.hint and KEY not in str(refused.value)
    assert found.endpoint is None


AZ = """#!/bin/sh
[ "$(pwd)" = "$HOME" ] || exit 9
echo "$@" > "$HOME/asked"
{answer}
"""


def az_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> dict[str, str]:
    """An `az` of the user's, and his environment."""
    program = tmp_path / "bin" / "az"
    program.parent.mkdir()
    program.write_text(AZ.replace("{answer}", answer))
    program.chmod(0o755)
    monkeypatch.setitem(sys.modules, "azure.identity", None)  # as if it were not installed
    monkeypatch.setattr(login, "program", lambda name: str(program) if name == "az" else None)
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}


def test_the_azure_cli_is_asked_for_a_token_as_from_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"accessToken": "token-of-jan", "expires_on": time.time() + 3600}
    env = az_that(tmp_path, monkeypatch, f"echo '{json.dumps(told)}'")
    credentials = Credentials("films", StoreOptions(env=env))
    assert credentials.token().value == "token-of-jan"
    assert credentials.for_obstore()["token"] == "token-of-jan"
    assert credentials.for_sdk().get_token("x").token == "token-of-jan"
    assert (tmp_path / "asked").read_text().split()[:2] == ["account", "get-access-token"]
    assert "token-of-jan" not in repr(credentials.token())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("echo 'Please run az login' >&2; exit 1", "Please run az login"),
        ("echo '{}'", "not understood"),
        ("echo '[1]'", "not understood"),
        ("echo nonsense", "not understood"),
        ("printf 'bad\\033[2Jthing' >&2; exit 1", "bad [2Jthing"),
    ],
)
def test_a_login_that_gives_no_token_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, said: str
) -> None:
    env = az_that(tmp_path, monkeypatch, answer)
    store = open_store("az://films/shared", StoreOptions(env=env))
    with pytest.raises(CredentialsError, match="gives no token") as refused:
        list(store.list(""))
    assert said in str(refused.value) and "\033" not in str(refused.value) and "az login" in str(refused.value.hint)


@pytest.mark.parametrize(
    "server",
    [
        "http://127.0.0.1:9",
        "https://films.example",
        "http://films.blob.core.windows.net",
        "https://films.blob.core.windows.net.example",
        "https://films.myblob.core.windows.net",
        "https://blob.core.windows.net",
    ],
)
def test_a_login_is_shown_to_azure_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    env = az_that(tmp_path, monkeypatch, "echo '{}'")
    store = open_store("az://films/shared", StoreOptions(env=env, endpoint_url=server))
    with pytest.raises(CredentialsError, match="nothing signs") as refused:
        list(store.list(""))
    assert "AZURE_STORAGE_KEY" in str(refused.value.hint)
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("said", ["variable", "string", "settings"])
@pytest.mark.parametrize("server", ["https://films.example", "http://films.blob.core.windows.net", "http://10.0.0.7:9"])
def test_a_signature_is_shown_to_azure_alone(server: str, said: str) -> None:
    """It goes along with each request: a server that a commit names could use it as its owner does."""
    env = {
        "variable": {"AZURE_STORAGE_SAS_TOKEN": SAS},
        "string": {"AZURE_STORAGE_CONNECTION_STRING": f"AccountName=films;SharedAccessSignature={SAS}"},
        "settings": {"TEAM": SAS},
    }[said]
    named = "TEAM" if said == "settings" else None
    store = open_store("az://films/shared", StoreOptions(env=env, endpoint_url=server, credentials_env=named))
    with pytest.raises(CredentialsError, match="is not shown to") as refused:
        list(store.list(""))
    assert "AZURE_STORAGE_KEY" in str(refused.value.hint) and "sig=" not in str(refused.value)


def test_a_signature_is_shown_to_a_server_of_ones_own() -> None:
    said = f"BlobEndpoint=https://films.example;AccountName=films;SharedAccessSignature={SAS}"
    own = {"AZURE_STORAGE_CONNECTION_STRING": said}
    for env, server in (
        (own, None),
        (own, "https://films.example/"),
        ({"AZURE_STORAGE_SAS_TOKEN": SAS}, None),
        ({"AZURE_STORAGE_SAS_TOKEN": SAS}, "http://127.0.0.1:10000"),
        ({"AZURE_STORAGE_SAS_TOKEN": SAS}, "https://films.z01.blob.storage.azure.net"),
    ):
        assert Credentials("films", StoreOptions(env=env, endpoint_url=server)).signer().sas == SAS


@pytest.mark.parametrize(
    "domain", ["blob.core.windows.net", "z01.blob.storage.azure.net", "blob.core.usgovcloudapi.net"]
)
def test_a_login_signs_at_each_cloud_of_azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, domain: str) -> None:
    env = az_that(tmp_path, monkeypatch, "echo '{}'")
    found = Credentials("films", StoreOptions(env=env, endpoint_url=f"https://films.{domain}"))
    assert found.signer().login is not None


# -- errors

TARGET = Target("az://films/shared/x", "az://films/shared", "films", "shared", "https://films.example", (KEY,))


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (Failure("answer", 404, "ContainerNotFound"), BucketMissing),
        (Failure("answer", 404, "BlobNotFound"), NotFound),
        (Failure("answer", 409, "BlobArchived"), Archived),
        (Failure("answer", 409, "BlobAlreadyExists"), PreconditionFailed),
        (Failure("answer", 412, "ConditionNotMet"), PreconditionFailed),
        (Failure("answer", 400, "InvalidBlockList"), NotFound),
        (Failure("answer", 403, "AuthenticationFailed", "Server failed to authenticate"), CredentialsError),
        (Failure("answer", 403, "AuthenticationFailed", "Request date header too old"), ClockSkewed),
        (Failure("answer", 403, "AuthorizationPermissionMismatch"), AccessDenied),
        (Failure("answer", 403, "KeyBasedAuthenticationNotPermitted"), CredentialsError),
        (Failure("answer", 409, "SnapshotsPresent"), AccessDenied),
        (Failure("answer", 400, "Md5Mismatch"), ChecksumMismatch),
        (Failure("answer", 503, "ServerBusy"), Throttled),
        (Failure("answer", 500, "InternalError"), Unreachable),
        (Failure("answer", 501), Unsupported),
        (Failure("answer", 307), NotAStore),
        (Failure("connect", message="dns error: failed to lookup"), Unreachable),
        (Failure("not_s3", 404), NotAStore),
        (Failure("truncated"), ChecksumMismatch),
    ],
)
def test_each_failure_is_one_error_with_a_hint_and_no_secret(failure: Failure, kind: type[StoreError]) -> None:
    from msgspec.structs import replace

    leaky = replace(failure, message=f"{failure.message} {KEY} ?sv=1&sig=abc Bearer eyJ0\\nRequestId:1\nTime:2")
    assert error_class(failure) is kind
    error = translate(leaky, TARGET, "read", "x/a")
    assert type(error) is kind
    assert error.hint or kind in (NotFound, PreconditionFailed, Unsupported)
    text = f"{error} {error.hint}"
    assert not any(secret in text for secret in (KEY, "sig=abc", "eyJ0", "RequestId", "\n", "\\n"))
