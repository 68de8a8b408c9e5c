"""Opening a store: which URLs there are, whose credentials are used, and what is not loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from s3sync.errors import BucketMissing, ConfigError, CredentialsError, UsageError
from s3sync.store import StoreOptions, open_store
from s3sync.store.s3.address import find_address
from s3sync.store.s3.credentials import Credentials, Profile
from tests.contract.stores import UnderTest, keys, put, read
from tests.kit.servers import SeaweedFS

VENDORS = ("botocore", "boto3", "obstore", "s3transfer", "filelock")


@pytest.mark.parametrize("url", ["b2://bucket", "bucket", "/tmp/x", "", "s3:bucket", "ftp://u:pw@host/"])
def test_unknown_urls(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(url, StoreOptions(env={}))
    assert "s3://bucket[/prefix]" in (caught.value.hint or "")
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["s3://", "s3:///x", "s3://KEY:secret@bucket", "s3://b?x=1", "s3://b/a//b", "file://host/x", "file://x"]
)
def test_urls_that_make_no_sense(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(url, StoreOptions(env={}))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["localhost:9000", "ftp://x", "https://key:secret@host"])
def test_endpoints_that_make_no_sense(endpoint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store("s3://b", StoreOptions(endpoint_url=endpoint, env={}))
    assert "secret" not in str(caught.value)


def test_url_is_given_back(tmp_path: Path) -> None:
    assert open_store("s3://bucket/a/b/", StoreOptions(env={})).url == "s3://bucket/a/b"
    folder = tmp_path / "a b%20ü"
    store = open_store(folder.as_uri(), StoreOptions(create=True))
    assert store.url == folder.as_uri()
    put(store, "x")
    assert (folder / "x").read_bytes() == b"content"
    assert keys(open_store(store.url, StoreOptions())) == ["x"]


def test_a_folder_is_only_made_when_asked(tmp_path: Path) -> None:
    for store in (open_store(tmp_path.as_uri(), StoreOptions()), open_store(f"{tmp_path.as_uri()}/no", StoreOptions())):
        for call in (lambda s=store: keys(s), lambda s=store: put(s, "a"), lambda s=store: read(s, "a")):
            with pytest.raises(BucketMissing):
                call()
    assert list(tmp_path.iterdir()) == []


def loaded(code: str, env: dict[str, str]) -> set[str]:
    """Which vendors' libraries a program has imported at its end."""
    program = f"{code}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run([sys.executable, "-c", program], env=clean | env, capture_output=True, text=True, check=True)
    return {name for name in json.loads(done.stdout.splitlines()[-1]) if name in VENDORS}


SETUP = "from s3sync.store import open_store, StoreOptions\nstore = open_store({url!r}, StoreOptions(create=True))\n"


def test_status_on_s3_loads_no_botocore(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    work = """
from s3sync.errors import NotFound
import hashlib
from s3sync.store.port import Headers, Overwrite
digest = hashlib.md5(b"x").digest()
store.put("a/b", b"x", mode=Overwrite(), headers=Headers({"md5": digest.hex()}), md5=digest)
list(store.list("a/")), store.head("a/b")
with store.get("a/b") as reader:
    assert b"".join(reader) == b"x"
try:
    store.head("a/c")
except NotFound:
    pass
store.delete("a/b")
"""
    url = f"s3://{seaweedfs.bucket}/{tmp_path.name}-lazy"
    assert loaded(SETUP.format(url=url) + work, seaweedfs.environment()) == {"obstore"}


def test_opening_loads_no_s3_library(tmp_path: Path) -> None:
    assert loaded(SETUP.format(url="s3://bucket/x"), {}) == set()
    assert loaded(SETUP.format(url=tmp_path.as_uri()) + "list(store.list(''))", {}) <= {"filelock"}


@pytest.fixture
def aws(tmp_path: Path) -> dict[str, str]:
    """An environment with two AWS files in it."""
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(
        "[default]\nregion = eu-west-1\n[profile work]\nregion=eu-north-1\nendpoint_url = https://store.example/\n"
        "s3 =\n  addressing_style = path\n[profile role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = work\n"
        "[profile process]\ncredential_process = print-keys\n[profile inconfig]\naws_access_key_id = CK\n"
        "aws_secret_access_key = CS\n"
    )
    credentials.write_text(
        "[default]\naws_access_key_id = DK\naws_secret_access_key = DS\n"
        "[work]\naws_access_key_id = WK\naws_secret_access_key = WS\naws_session_token = WT\n"
        "[role]\naws_access_key_id = no\naws_secret_access_key = no\n"
    )
    return {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}


ENV_KEYS = {"AWS_ACCESS_KEY_ID": "EK", "AWS_SECRET_ACCESS_KEY": "ES"}


@pytest.mark.parametrize(
    ("profile", "env", "expected"),
    [
        (None, {}, ("DK", "DS", None)),
        (None, ENV_KEYS, ("EK", "ES", None)),
        (None, ENV_KEYS | {"AWS_SESSION_TOKEN": "ET"}, ("EK", "ES", "ET")),
        (None, {"AWS_PROFILE": "work"}, ("WK", "WS", "WT")),
        (None, ENV_KEYS | {"AWS_PROFILE": "work"}, ("EK", "ES", None)),
        ("work", ENV_KEYS, ("WK", "WS", "WT")),
        ("inconfig", {}, ("CK", "CS", None)),
    ],
)
def test_static_keys(aws: dict[str, str], profile: str | None, env: dict[str, str], expected: tuple[str, ...]) -> None:
    credentials = Credentials(profile, aws | env)
    keys = credentials.keys()
    assert (keys.access_key, keys.secret_key, keys.token) == expected
    assert credentials.are_static
    assert "K" not in repr(keys).removeprefix("Keys")


@pytest.mark.parametrize("profile", ["role", "process"])
def test_other_profiles_are_left_to_botocore(aws: dict[str, str], profile: str) -> None:
    assert Profile(profile, aws).static_keys() is None


def test_credential_process(aws: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "keys.py"
    script.write_text('print(\'{"Version": 1, "AccessKeyId": "PK", "SecretAccessKey": "PS", "SessionToken": "PT"}\')')
    with Path(aws["AWS_CONFIG_FILE"]).open("a") as config:
        config.write(f"[profile run]\ncredential_process = {sys.executable} {script}\n")
    credentials = Credentials("run", aws)
    given = credentials.for_obstore()
    assert (given["access_key_id"], given["secret_access_key"], given["token"]) == ("PK", "PS", "PT")
    assert given["expires_at"] is not None


def test_profile_that_is_not_there(aws: dict[str, str]) -> None:
    with pytest.raises(CredentialsError, match="there is no AWS profile nope"):
        Credentials("nope", aws).keys()


def test_broken_credentials_file_is_not_quoted(aws: dict[str, str]) -> None:
    Path(aws["AWS_SHARED_CREDENTIALS_FILE"]).write_text("aws_secret_access_key = TOPSECRET\n")
    with pytest.raises(CredentialsError) as caught:
        Credentials(None, aws).keys()
    assert "TOPSECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (StoreOptions(env={}), ("us-east-1", "https://b.s3.us-east-1.amazonaws.com")),
        (
            StoreOptions(region="eu-west-3", env={"AWS_REGION": "x"}),
            ("eu-west-3", "https://b.s3.eu-west-3.amazonaws.com"),
        ),
        (
            StoreOptions(env={"AWS_DEFAULT_REGION": "cn-north-1"}),
            ("cn-north-1", "https://b.s3.cn-north-1.amazonaws.com.cn"),
        ),
        (StoreOptions(profile="work", env={}), ("eu-north-1", "https://store.example")),
        (
            StoreOptions(env={"AWS_ENDPOINT_URL": "http://a:1", "AWS_ENDPOINT_URL_S3": "http://b:2/"}),
            ("eu-west-1", "http://b:2"),
        ),
        (StoreOptions(endpoint_url="http://c", env={"AWS_ENDPOINT_URL": "http://a:1"}), ("eu-west-1", "http://c")),
    ],
)
def test_address(aws: dict[str, str], options: StoreOptions, expected: tuple[str, str]) -> None:
    env = dict(options.env) | (aws if options.profile or "http" in str(options) else {})
    options = StoreOptions(options.region, options.endpoint_url, options.profile, env)
    address = find_address("b", options, Profile(options.profile, {"HOME": "/nonexistent"} | env))
    assert (address.region, address.base) == expected
    assert address.path_style == (address.endpoint is not None)


def test_two_instances_see_the_same(under_test: UnderTest) -> None:
    put(under_test.open(), "a", b"1")
    assert read(under_test.open(), "a") == b"1"
