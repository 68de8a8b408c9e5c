"""A server that has users, or says so: what it answers to `setup member` ends, and is what keys and policies are."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from s3sync.core.policy import MOST_DEEP, member_policy, same_policy
from s3sync.errors import StoreError
from s3sync.store.aspects import Accounts, require_aspect
from s3sync.store.lanes import bounded
from tests.promises.hostile.test_answers import say
from tests.promises.hostile.test_wire import OK, Answer, endless, opened, wire

KEY = "<AccessKeyId>AKIAABCDEFGHIJKLMNOP</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>"
ASK: dict[str, Callable[[Accounts], object]] = {
    "look for a user": lambda accounts: accounts.has_user("jan"),
    "list keys": lambda accounts: accounts.keys_of("jan"),
    "make a key": lambda accounts: accounts.create_key("jan"),
    "read a policy": lambda accounts: accounts.user_policy("jan", "s3sync-r"),
}


def accounts(url: str) -> Accounts:
    return require_aspect(opened(url), Accounts)


def made(secret: str) -> Answer:
    key = f"<AccessKey><UserName>jan</UserName>{secret}<Status>Active</Status></AccessKey>"
    text = f"<CreateAccessKeyResponse><CreateAccessKeyResult>{key}</CreateAccessKeyResult></CreateAccessKeyResponse>"
    return say(text.encode())


def heads_without_end(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\nX-Odd: " + b"x" * 8000 + b"\r\n\r\n")


@pytest.mark.parametrize("name", ASK)
@pytest.mark.parametrize(
    "answer",
    [endless(OK, b"<GetUserResponse><GetUserResult>" + b"x" * 65536), heads_without_end],
    ids=["body", "heads"],
)
def test_f53_an_answer_about_users_without_end_is_an_error(
    name: str, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "MOST_BYTES", 512 * 1024)
    monkeypatch.setattr(bounded, "MOST_HEAD_BYTES", 512 * 1024)
    with wire(answer) as server, pytest.raises(StoreError) as error:
        ASK[name](accounts(server.url))
    assert error.value.why is not None and "does not end" in error.value.why


@pytest.mark.parametrize(
    "secret",
    [
        KEY.format("abc&#x9b;31m"),
        KEY.format("abc&#x202e;def"),
        KEY.format("abc&#10;Then run this:"),
        KEY.format("s" * 10_000),
        "<AccessKeyId>AKIAABCDEFGHIJKLMNOP</AccessKeyId>",
        "",
    ],
    ids=["C1", "turned", "a line more", "endless", "no secret", "none"],
)
def test_what_is_printed_to_be_copied_is_a_key(secret: str) -> None:
    """It goes past whatever makes texts of others harmless for a terminal."""
    with wire(made(secret)) as server, pytest.raises(StoreError):
        accounts(server.url).create_key("jan")


def test_a_key_is_taken_as_it_is() -> None:
    with wire(made(KEY.format("s/+" * 13))) as server:
        assert accounts(server.url).create_key("jan") == ("AKIAABCDEFGHIJKLMNOP", "s/+" * 13)


def test_a_policy_without_a_bottom_is_an_error() -> None:
    """botocore reads it by itself, and runs out of the interpreter's depth."""
    deep = "%5B" * 100_000
    policy = f"<UserName>jan</UserName><PolicyName>p</PolicyName><PolicyDocument>{deep}</PolicyDocument>"
    text = f"<GetUserPolicyResponse><GetUserPolicyResult>{policy}</GetUserPolicyResult></GetUserPolicyResponse>"
    with wire(say(text.encode())) as server, pytest.raises(StoreError):
        accounts(server.url).user_policy("jan", "p")


def test_a_policy_is_compared_no_deeper_than_ours_are() -> None:
    ours = member_policy("bucket", "", "r")
    assert same_policy(dict(ours), ours)
    deep: object = "x"
    for _ in range(500):
        deep = [deep]
    assert not same_policy({"Statement": deep}, ours)
    level: object = ours
    for _ in range(MOST_DEEP):
        level = {"a": level}
    assert not same_policy({"a": level}, {"a": level}), "an end is told from a policy that is too deep"
