"""Programs that the user's own AWS profile names are the user's: none is taken from a repository."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.promises.hostile.test_wire import wire

pytestmark = pytest.mark.skipif(os.name != "posix", reason="scripts with #!")
NOWHERE = "http://127.0.0.1:9"
ENV = {
    "S3SYNC_STORE": "s3://bucket",
    "AWS_ENDPOINT_URL_S3": NOWHERE,
    "AWS_ENDPOINT_URL_STS": NOWHERE,
    "AWS_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
}


def script(path: Path, says: Path) -> Path:
    """A program that leaves a trace, and gives nothing, so that the command ends there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\npwd > {says}\necho '{{}}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def trap(david: Person, tmp_path: Path) -> Path:
    """What a program of the repository would make. The repository has one of each name, wherever one may stand."""
    for folder in (david.repo, david.project, david.staging):
        for name in ("get-keys", "bin/get-keys"):
            script(folder / name, tmp_path / "trapped")
    return tmp_path / "trapped"


def configure(david: Person, process: str, more: str = "") -> None:
    folder = david.root / "home" / ".aws"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config").write_text(f"[default]\ncredential_process = {process}\n{more}")


def refused(david: Person, path: str, **env: str) -> None:
    told = david.expect(1, "status", env={**ENV, "PATH": path, **env})
    assert "could not get credentials" in told.err, told


@pytest.mark.parametrize(
    ("process", "first"), [("get-keys --now", ""), ("get-keys", "."), ("./get-keys", ""), ("sh bin/get-keys", "")]
)
def test_no_program_of_the_repository_gives_keys(process: str, first: str, david: Person, trap: Path) -> None:
    configure(david, process)
    refused(david, f"{first}:{os.environ['PATH']}")
    assert not trap.exists()


def test_nor_where_a_role_is_assumed_from_such_a_profile(david: Person, trap: Path) -> None:
    configure(david, "bin/get-keys", "[profile r]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n")
    refused(david, os.environ["PATH"], AWS_PROFILE="r")
    assert not trap.exists()


@pytest.mark.parametrize("process", ["{there}/mine", "mine", "bin/mine", "sh bin/mine"])
def test_the_users_own_programs_run_at_home(process: str, david: Person, tmp_path: Path) -> None:
    """By their whole path, from the search path, or by a path that begins in the home folder."""
    home, trace = david.root / "home", tmp_path / "trace"
    script(home / "bin" / "mine", trace)
    configure(david, process.format(there=home / "bin"))
    refused(david, f"{home / 'bin'}:{os.environ['PATH']}")
    assert Path(trace.read_text().strip()).samefile(home)


@pytest.mark.parametrize(
    "odd",
    [
        {"AccessKeyId": 7},
        {"SecretAccessKey": ["s"]},
        {"SessionToken": {"a": "b"}},
        {"AccessKeyId": "AKIA\x1b[2J"},
        {"SessionToken": "SessionTokenOfJan\r\nX-Evil: 1"},
    ],
    ids=["a number", "a list", "an object", "an escape", "a line"],
)
def test_f53_what_is_no_key_is_an_error(odd: dict[str, object], david: Person) -> None:
    """A program gives it here, as a computer or a container that is asked for its role does, which any network may
    answer for: obstore panicked, botocore tried again and again."""
    keys = {"Version": 1, "AccessKeyId": "AKIAABCDEFGHIJKLMNOP", "SecretAccessKey": "s" * 40, **odd}
    (david.root / "home").mkdir(exist_ok=True)
    (david.root / "home" / "keys.json").write_text(json.dumps(keys))
    configure(david, "cat keys.json")
    told = david.expect(1, "status", env=ENV)
    assert "could not get credentials" in told.err, told
    assert not any(word in told.err for word in ("panicked", "Evil", "OfJan", "TypeError", "did not expect")), told


@pytest.mark.parametrize("body", [b"\x1f\x8b\xff\xfe", b"[]", b'{"AccessKeyId": "a"}'])
def test_f51_an_answer_that_makes_no_sense_is_said_to_be_one(body: bytes, david: Person) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with wire(lambda connection: connection.sendall(head + body)) as server:
        told = david.expect(1, "status", env={**ENV, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{server.url}/keys"})
    assert "makes no sense" in told.err, told


@pytest.mark.parametrize(
    ("code", "said"),
    [("AccessDenied", "AWS answered AccessDenied"), ("AKIA.EXAMPLE", "AWS answered 403"), (None, "no connection")],
)
def test_f51_a_refused_role_says_why_and_repeats_nothing_that_was_sent(
    code: str | None, said: str, david: Person
) -> None:
    folder = david.root / "home" / ".aws"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config").write_text("[default]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\n")
    keys = "aws_access_key_id = AKIABASEBASEBASEBASE\naws_secret_access_key = throw-back-to-the-user\n"
    (folder / "credentials").write_text(f"[base]\n{keys}")
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>throw-back</Message></Error></ErrorResponse>".encode()
    head = b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body)
    with wire(lambda connection: connection.sendall(head + body)) as sts:
        told = david.expect(1, "status", env={**ENV, "AWS_ENDPOINT_URL_STS": sts.url if code else NOWHERE})
    assert said in told.err
    assert "throw-back" not in told.err
