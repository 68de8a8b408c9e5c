"""Exceptions of `requests` and `google-auth`, and refusals of the JSON API, read into a `Failure`."""

from __future__ import annotations

from typing import Any

import msgspec

from s3sync.store.lanes.failures import (
    MOST_SAID,
    OF_GATEWAYS,
    PROXY_PASSWORD,
    TIMED_OUT,
    Cause,
    Failure,
    wants_proxy_password,
)
from s3sync.store.lanes.obstore.failures import from_obstore


class Refused(OSError):
    """An answer of the server that is no success. `reason` is its word for why, as "conditionNotMet"."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.status} {failure.code}")
        self.failure = failure


_BY_NAME: dict[str, Cause] = {
    "ConnectTimeout": "connect",
    "NewConnectionError": "connect",
    "NameResolutionError": "connect",
    "ConnectTimeoutError": "connect",
    "ProxyError": "connect",
    "SSLError": "connect",
    "ReadTimeout": "broken",
    "ReadTimeoutError": "broken",
    "IncompleteRead": "truncated",
    "ChunkedEncodingError": "broken",
    "ProtocolError": "broken",
    "RemoteDisconnected": "broken",
    "TransportError": "connect",
    "RefreshError": "credentials",
    "DefaultCredentialsError": "credentials",
    "MalformedError": "credentials",
    "GoogleAuthError": "credentials",
    "ConnectionError": "broken",
    "ConnectionResetError": "broken",
    "BrokenPipeError": "broken",
    "TimeoutError": "broken",
}
_TIMEOUTS = {"ReadTimeout", "ReadTimeoutError", "TimeoutError"}


def refusal(status: int, body: bytes) -> Failure:
    """Read the answer to a request that was refused.

    Source: https://cloud.google.com/storage/docs/json_api/v1/status-codes
    """
    if status == 407:
        return PROXY_PASSWORD
    try:
        told: Any = msgspec.json.decode(body) if body.strip() else {}
        error = told.get("error", {})
        if not isinstance(error, dict):
            error = {"message": error}
        first = (error.get("errors") or [{}])[0]
        return Failure("answer", status, str(first.get("reason", "")), str(error.get("message", ""))[:MOST_SAID])
    except (msgspec.DecodeError, AttributeError, LookupError, TypeError, UnicodeDecodeError, RecursionError):
        plain = status in OF_GATEWAYS or status in (304, 401, 403, 404, 412, 416)
        return Failure("answer" if plain else "not_s3", status)


def from_google(error: BaseException) -> Failure:
    """Read an exception that a request to the JSON API raised."""
    if isinstance(error, Refused):
        return error.failure
    chain = _causes(error)
    if any(wants_proxy_password(str(one)) for one in chain):
        return PROXY_PASSWORD
    names = [kind.__name__ for one in chain for kind in type(one).__mro__]
    specific = [name for name in names if name in _BY_NAME and name != "ConnectionError"]
    name = next(iter(specific), next((name for name in names if name in _BY_NAME), ""))
    cause = _BY_NAME.get(name, "other")
    silent = name in _TIMEOUTS
    return Failure(cause, message=TIMED_OUT if silent else _reason(name, chain), silent=silent)


def from_either(error: BaseException) -> Failure:
    """Read an exception of obstore, or of the request for the token that it needed first."""
    is_of_tokens = type(error).__module__.partition(".")[0] == "google"
    return from_google(error) if is_of_tokens else from_obstore(error)


def _causes(error: BaseException) -> list[BaseException]:
    """The exception and those in it, the innermost first: `requests` wraps what urllib3 wraps."""
    found: list[BaseException] = []
    queue: list[object] = [error]
    while queue and len(found) < 12:
        one = queue.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            queue += [*one.args, one.__cause__, one.__context__, getattr(one, "reason", None)]
    return found[::-1]


def _reason(name: str, chain: list[BaseException]) -> str:
    text = " ".join(str(one) for one in chain)
    if "certificate" in text.lower():
        return "its TLS certificate is not trusted"
    if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text:
        return "it does not speak TLS"
    if name in ("NameResolutionError",):
        return "its name is not known"
    if name in ("RefreshError", "DefaultCredentialsError", "MalformedError", "GoogleAuthError"):
        return "the login or the key is refused, or has expired"
    return "the connection broke" if _BY_NAME.get(name) == "broken" else "no connection"
