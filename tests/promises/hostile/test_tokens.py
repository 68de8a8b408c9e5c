"""Servers of tokens, and who sits between, that refuse or say nothing while many threads wait for one answer."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.session import Session

from s3sync.errors import CredentialsError
from s3sync.store import StoreOptions
from s3sync.store.lanes.turns import Turns
from s3sync.store.rclone.store import RcloneStore
from s3sync.store.s3 import connections, credentials

AT_ONCE = 5


class Queue:
    """A lock that knows who waits for it; `all_wait` until all have come."""

    def __init__(self) -> None:
        self._lock, self._count, self._come = threading.RLock(), threading.Semaphore(0), threading.Event()

    def __enter__(self) -> None:
        self._count.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def all_wait(self) -> None:
        if not self._come.is_set():
            for _ in range(AT_ONCE):
                assert self._count.acquire(timeout=60)
            self._come.set()


Asked = tuple[Any, Callable[[], object]]
"""What has turns, and what asks for its token."""


def of_s3(answer: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Asked:
    class Source:
        def get_frozen_credentials(self) -> object:
            return answer()

    found = credentials.Credentials(None, {"HOME": "/nowhere"})
    monkeypatch.setattr(found, "_ask_botocore", Source)
    return found, found.keys


def of_google(answer: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Asked:
    pytest.importorskip("google.auth")
    from s3sync.store.gcs.credentials import Credentials

    class Login:
        valid = False

        def refresh(self, request: object) -> None:
            answer()

    found = Credentials(StoreOptions(env={}), anonymous=False)
    monkeypatch.setattr(found, "_find", Login)
    return found, lambda: found.token(object)


def of_azure(answer: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Asked:
    pytest.importorskip("azure.storage.blob")
    from s3sync.store.azure.credentials import Credentials, Signer

    found = Credentials("account", StoreOptions(env={}))
    monkeypatch.setattr(found, "signer", lambda: Signer(login=answer))
    return found, found.token


def of_rclone(answer: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Asked:
    """A remote is opened before anything is asked of it."""
    found = RcloneStore("remote", "folder", StoreOptions(env={}))
    monkeypatch.setattr(found._client, "ask", lambda *_: answer())
    turns = Turns()
    vars(found)["_turns_of_facts"] = turns
    return SimpleNamespace(_turns=turns), lambda: found.facts


@pytest.mark.parametrize("kind", [of_s3, of_google, of_azure, of_rclone])
def test_f42_a_token_that_is_refused_is_asked_for_once(
    kind: Callable[[Callable[[], Any], pytest.MonkeyPatch], Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waited for it is told the same. Else a server that says nothing takes its time once for each thread."""
    asked, queue = list[int](), Queue()

    def answer() -> None:
        queue.all_wait()
        asked.append(1)
        raise CredentialsError("no token")

    found, ask = kind(answer, monkeypatch)
    monkeypatch.setattr(found._turns, "_lock", queue)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        told = [one.exception() for one in [threads.submit(ask) for _ in range(AT_ONCE)]]
    assert all(isinstance(one, CredentialsError) for one in told) and len(asked) == 1
    with pytest.raises(CredentialsError):
        ask()  # who comes later asks again
    assert len(asked) == 2


def test_a_turn_that_goes_well_is_everybodys_own() -> None:
    turns = Turns()
    with pytest.raises(KeyError), turns.turn():
        raise KeyError
    with turns.turn(), turns.turn():
        pass


def test_a_failure_before_a_turn_that_went_well_is_nobodys() -> None:
    """Whoever came between got the token, and those who waited since the failure find it."""
    turns, entered = Turns(), threading.Event()

    class Waiting:
        """A lock for which somebody waits while others fail, and then succeed."""

        def __enter__(self) -> None:
            turns._lock = threading.RLock()
            with pytest.raises(KeyError), turns.turn():
                raise KeyError
            with turns.turn():
                pass

        def __exit__(self, *_: object) -> None:
            entered.set()

    turns._lock = Waiting()  # type: ignore[assignment]
    with turns.turn():
        pass
    assert entered.is_set()


@pytest.mark.parametrize("more", [{}, {"config": True}])
def test_f42_aws_is_not_waited_for_as_long_as_botocore_does(more: dict[str, Any]) -> None:
    """It has five attempts of a minute."""
    from botocore.config import Config

    session = Session()
    connections.bound_tokens(session)
    given = {"config": Config(region_name="eu-west-1")} if more else {}
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = session.create_client("sts", **{"region_name": "us-east-1", **keys, **given})
    told = client.meta.config
    assert timedelta(seconds=5 * (told.connect_timeout + told.read_timeout)) <= timedelta(minutes=2.5)
    own = session.create_client("sts", region_name="us-east-1", **keys, config=Config(read_timeout=300))
    assert own.meta.config.read_timeout == 300


@pytest.mark.parametrize(
    "answer",
    [
        b"[1]",
        b"\xff",
        b'{"access_token": "a", "expires_in": 1e999}',
        b'{"access_token": "a\\r\\nb: c", "expires_in": 9999}',
    ],
    ids=["list", "bytes", "end", "break"],
)
def test_what_makes_no_sense_as_a_token_is_one_error(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """google-auth believes its server, as a server of metadata is believed without TLS."""
    pytest.importorskip("google.auth")
    from google.oauth2.credentials import Credentials as Login

    from s3sync.store.gcs.credentials import Credentials

    found = Credentials(StoreOptions(env={}), anonymous=False)
    given = {"refresh_token": "t", "token_uri": "https://tokens.example", "client_id": "c", "client_secret": "s"}
    monkeypatch.setattr(found, "_find", lambda: Login(None, **given))  # type: ignore[no-untyped-call]
    told = SimpleNamespace(status=200, data=answer, headers={})
    with pytest.raises(CredentialsError, match="makes no sense"):
        found.token(lambda: lambda *_, **_more: told)


@pytest.mark.parametrize(
    ("token", "until"),
    [("a\r\nb: c", 2e9), ("é", 2e9), ("", 2e9), (["a"], 2e9), ("a", 1e300), ("a", -1e300), ("a", 10**400), ("a", None)],
    ids=["break", "letter", "nothing", "list", "end", "beginning", "digits", "no end"],
)
def test_what_makes_no_sense_as_a_token_for_azure_is_one_error(
    token: object, until: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """azure-identity believes whoever answers for a computer's metadata; obstore ends in a traceback of its own."""
    from s3sync.store.azure.login import find_login

    told = SimpleNamespace(token=token, expires_on=until)
    library = SimpleNamespace(DefaultAzureCredential=lambda: SimpleNamespace(get_token=lambda _scope: told))
    monkeypatch.setitem(sys.modules, "azure.identity", library)
    login = find_login({})
    with pytest.raises(CredentialsError) as error:
        login()
    assert "makes no sense" in (error.value.why or "")
    told.token, told.expires_on = "eyJ0.a-b_c.d~", 2_000_000_000
    assert login().value == told.token
