"""azure-core's exceptions, read into a `Failure`: known by class name and response, without importing it."""

from __future__ import annotations

from typing import Any

from s3sync.store.lanes.failures import (
    MOST_SAID,
    OF_GATEWAYS,
    PROXY_PASSWORD,
    TIMED_OUT,
    Cause,
    Failure,
    wants_proxy_password,
)

_BY_NAME: dict[str, Cause] = {
    "ServiceRequestTimeoutError": "connect",
    "ServiceRequestError": "connect",
    "ServiceResponseTimeoutError": "broken",
    "IncompleteReadError": "truncated",
    "HttpResponseError": "broken",
    "ServiceResponseError": "broken",
    "DecodeError": "not_s3",
    "DeserializationError": "not_s3",
    "ParseError": "not_s3",
    "ClientAuthenticationError": "credentials",
    "AzureSigningError": "credentials",
}
_OF_AZURE = "x-ms-request-id"


def from_azure(error: BaseException) -> Failure:
    """Read an exception that azure-storage-blob raised."""
    response: Any = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if isinstance(status, int) and (status >= 300 or status < 200):
        return _answer(error, response, status)
    text = f"{error} {error.__cause__}"
    if wants_proxy_password(text):
        return PROXY_PASSWORD
    names = [kind.__name__ for kind in type(error).__mro__]
    cause: Cause = next((_BY_NAME[name] for name in names if name in _BY_NAME), "other")
    if cause == "connect" and "reset" in text.lower():
        cause = "broken"  # azure-core calls it a failed request also when a part of it was sent
    silent = cause == "broken" and "timed out" in text.lower()
    return Failure(cause, message=TIMED_OUT if silent else _said(error), silent=silent)


def _answer(error: BaseException, response: Any, status: int) -> Failure:
    if status == 407:
        return PROXY_PASSWORD
    headers = response.headers
    told: Any = getattr(error, "error_code", None) or headers.get("x-ms-error-code") or ""
    code = str(getattr(told, "value", told))
    if not code and _OF_AZURE not in headers and status != 304 and status not in OF_GATEWAYS:
        return Failure("redirected" if 300 <= status < 400 else "not_s3", status)
    return Failure("answer", status, code, _said(error))


def _said(error: BaseException) -> str:
    return str(getattr(error, "message", "") or error).partition("\n")[0][:MOST_SAID]
