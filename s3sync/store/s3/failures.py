"""What the two vendor libraries say of a failed request, read into one `Failure`.

This is the only place that looks at their exceptions. Neither library is imported here: obstore's errors are known by
their text (it offers nothing else), botocore's by class name and parsed response.
"""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from s3sync.errors import S3syncError

Cause: TypeAlias = Literal[
    "answer",
    "connect",
    "broken",
    "truncated",
    "not_s3",
    "redirected",
    "endless",
    "unending",
    "no_range",
    "odd_key",
    "odd_header",
    "credentials",
    "other",
]


class Failure(Struct, frozen=True):
    """One failed request.

    `cause` tells apart: an HTTP answer with an error; no connection (nothing was sent); a connection that broke or
    timed out (the request may have been carried out); a body shorter than announced; an answer that is not S3's; an
    answer that sends the request on to another server, which is never followed; a listing that never comes to its
    end; the whole object where a range was asked for; a key that the library cannot express, or a header that it
    cannot read; no usable credentials; anything else.
    `retried` is True when the library tried more than once: an earlier attempt may have been carried out.
    """

    cause: Cause
    status: int = 0
    code: str = ""
    message: str = ""
    retried: bool = False
    region: str = ""


_VENDORS = frozenset({"botocore", "obstore", "urllib3", "awscrt"})


def is_vendors(error: BaseException) -> bool:
    """Whether an exception is one that a vendor library raises for a failed request, and not a mistake of ours."""
    return type(error).__module__.partition(".")[0] in _VENDORS or isinstance(error, (OSError, ValueError))


def is_panic(error: BaseException) -> bool:
    """Whether obstore's Rust code gave up: an answer that it never expected, such as a token too long for a URL."""
    return type(error).__name__ == "PanicException"


def wrapped(error: BaseException) -> S3syncError | None:
    """Our own error, which botocore wraps in one of its own when reading the body to send raises it."""
    details: Any = getattr(error, "kwargs", None)
    inner = details.get("error") if isinstance(details, dict) else None
    return inner if isinstance(inner, S3syncError) else None


MOST_SAID = 500
"""Characters of a server's message that are shown."""

NOWHERE = "127.0.0.1:0"
"""Where requests that are redirected to another host end: no server has the port 0."""

_STATUS = re.compile(r"^\s+status: (\d{3}),$", re.MULTILINE)
_BODY = re.compile(r"^\s+body: Some\(\n\s+\"(.*)\",$", re.MULTILINE)
_RETRIES = re.compile(r"^\s+retries: (\d+),$", re.MULTILINE)
_KIND = re.compile(r"^\s+kind: (\w+),$", re.MULTILINE)
_REASON = re.compile(r"^\s+(?:message|error): \"([^\"]*)\",$", re.MULTILINE)

# The first needle found in obstore's text decides.
_OBSTORE_TEXTS: tuple[tuple[str, Cause], ...] = (
    ("Encountered object with invalid path", "odd_key"),
    ("Could not parse path", "odd_key"),
    ("Received non-partial response when range requested", "no_range"),
    ("Got invalid list response", "not_s3"),
    ("contained non UTF-8 characters", "odd_header"),
    ("Unable to extract metadata from headers", "not_s3"),
    ("hyper::Error(\n", "broken"),
)
_OBSTORE_KINDS: dict[str, Cause] = {
    "Connect": "connect",
    "Timeout": "broken",
    "Request": "broken",
    "Interrupted": "broken",
}


def from_obstore(error: BaseException) -> Failure:
    """Read an exception that obstore raised."""
    if is_panic(error):
        return Failure("not_s3")
    text = str(error)
    if NOWHERE in text:
        return Failure("redirected")
    retries = _RETRIES.search(text)
    retried = bool(retries and int(retries[1]))
    status = _STATUS.search(text)
    if status:
        body = _BODY.search(text)
        return _answer(int(status[1]), body[1] if body else "", retried)
    if "Received redirect without LOCATION" in text:
        return Failure("answer", 301, "PermanentRedirect", "the bucket is in another region", retried)
    if _wants_proxy_password(text):
        return PROXY_PASSWORD
    return Failure(_obstore_cause(text), message=_obstore_reason(text), retried=retried)


def _wants_proxy_password(text: str) -> bool:
    """Whether a connection was refused by the proxy that it should go through, for want of a name and password."""
    told = text.lower()
    return "407 proxy auth" in told or "proxy authorization required" in told or "proxyauthrequired" in told


def _obstore_cause(text: str) -> Cause:
    if "IncompleteBody" in text or "UnexpectedEof" in text:
        return "truncated"
    if re.search(r"^\s+Parse\($", text, re.MULTILINE):
        return "not_s3"
    kind = _KIND.search(text)
    if kind and kind[1] in _OBSTORE_KINDS:
        return _OBSTORE_KINDS[kind[1]]
    return next((cause for needle, cause in _OBSTORE_TEXTS if needle in text), "other")


def _obstore_reason(text: str) -> str:
    if "TimedOut" in text:
        return "timed out"
    if "TunnelUnsuccessful" in text:
        return "the proxy refuses the connection"
    reason = _REASON.search(text)
    if reason:
        return reason[1]
    if "certificate" in text.lower():
        return "its TLS certificate is not trusted"
    return "the connection broke" if "error sending request" in text else ""


PROXY_PASSWORD = Failure("answer", 407, message="the proxy refuses the user name and password, or wants some")
OF_GATEWAYS = {407, 413, 429, 500, 502, 503, 504, 507, *range(520, 528)}
"""Statuses that say enough without S3's own words: whatever stands before the store answers with a web page."""


def _answer(status: int, body: str, retried: bool) -> Failure:
    if status == 407:
        return PROXY_PASSWORD
    if status >= 400 and body.strip() and not _tag("Code", body):
        return Failure("answer" if status in OF_GATEWAYS else "not_s3", status, retried=retried)
    return Failure("answer", status, _tag("Code", body), _tag("Message", body), retried, _tag("Region", body))


def _tag(name: str, body: str) -> str:
    from xml.sax.saxutils import unescape  # brings half of the HTTP library along: only for an error

    found = re.search(rf"<{name}>([^<]{{1,{MOST_SAID}}})", body)
    return unescape(found[1], {"&quot;": '"', "&apos;": "'", '\\"': '"'}) if found else ""


# botocore's exceptions by name, looked up along the class hierarchy.
_BOTOCORE: dict[str, Cause] = {
    "SSLError": "connect",
    "EndpointConnectionError": "connect",
    "ConnectTimeoutError": "connect",
    "ProxyConnectionError": "connect",
    "ConnectionClosedError": "broken",
    "ReadTimeoutError": "broken",
    "ResponseStreamingError": "broken",
    "HTTPClientError": "broken",
    "IncompleteReadError": "truncated",
    "ResponseParserError": "not_s3",
    "PaginationError": "endless",
    "NoCredentialsError": "credentials",
    "PartialCredentialsError": "credentials",
    "CredentialRetrievalError": "credentials",
    "MetadataRetrievalError": "credentials",
    "InvalidConfigError": "credentials",
    "ProfileNotFound": "credentials",
    "SSOError": "credentials",
    "TokenRetrievalError": "credentials",
    "LoginError": "credentials",
    "ConfigParseError": "credentials",
}
_PLAIN_REASONS: dict[str, str] = {
    "EndpointConnectionError": "no connection",
    "ConnectTimeoutError": "timed out while connecting",
    "ReadTimeoutError": "timed out",
    "SSLError": "its TLS certificate is not trusted, or it does not speak TLS",
    "ConnectionClosedError": "the connection broke",
}


def from_botocore(error: BaseException) -> Failure:
    """Read an exception that botocore raised."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        return _client_error(response)
    names = [kind.__name__ for kind in type(error).__mro__]
    if _wants_proxy_password(f"{error} {error.__cause__} {getattr(error, 'kwargs', '')}"):
        return PROXY_PASSWORD
    cause: Cause = next((_BOTOCORE[name] for name in names if name in _BOTOCORE), "other")
    reason = next((_PLAIN_REASONS[name] for name in names if name in _PLAIN_REASONS), "")
    if cause == "credentials":
        reason = str(error)
    return Failure(cause, message=reason or type(error).__name__)


def _client_error(response: dict[str, Any]) -> Failure:
    meta, said = response.get("ResponseMetadata", {}), response["Error"]
    headers = meta.get("HTTPHeaders", {})
    region = str(said.get("Region") or headers.get("x-amz-bucket-region", ""))
    status, code = int(meta.get("HTTPStatusCode", 0)), str(said.get("Code", ""))
    if status == 407:
        return PROXY_PASSWORD
    if code.isdigit() or not code:
        # A HEAD has no body, and a body that is not S3's XML leaves only the status.
        return Failure("answer", status, region=region)
    return Failure("answer", status, code, str(said.get("Message", ""))[:MOST_SAID], region=region)
