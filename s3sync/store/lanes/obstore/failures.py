"""obstore's exceptions, read into a `Failure`. They are known by their text: obstore offers nothing else.

The answers that it quotes are XML with `Code` and `Message` at S3, Google Cloud Storage and Azure alike.
"""

from __future__ import annotations

import re

from s3sync.store.lanes.failures import (
    MOST_SAID,
    NOWHERE,
    OF_GATEWAYS,
    PROXY_PASSWORD,
    TIMED_OUT,
    Cause,
    Failure,
    is_panic,
    wants_proxy_password,
)

# obstore's text quotes an answer as it came. What begins a line reaches over no other: a megabyte of them took hours.
_STATUS = re.compile(r"^ +status: (\d{3}),$", re.MULTILINE)
_BODY = re.compile(r"^ +body: Some\(\n +\"(.*)\",$", re.MULTILINE)
_RETRIES = re.compile(r"^ +retries: (\d+),$", re.MULTILINE)
_KIND = re.compile(r"^ +kind: (\w+),$", re.MULTILINE)
_REASON = re.compile(r"^ +(?:message|error): \"([^\"]*)\",$", re.MULTILINE)

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

_ESCAPES = (("&gt;", ">"), ("&lt;", "<"), ("&quot;", '"'), ("&apos;", "'"), ('\\"', '"'), ("&amp;", "&"))
"""Those of XML; and of obstore, which quotes what it quotes. The ampersand is the last."""

# What obstore tells by the class alone, where no answer of a server is quoted.
_STATUS_BY_KIND = {
    "NotModifiedError": 304,
    "UnauthenticatedError": 401,
    "PermissionDeniedError": 403,
    "NotFoundError": 404,
    "FileNotFoundError": 404,
    "AlreadyExistsError": 412,
    "PreconditionError": 412,
    "NotImplementedError": 501,
    "NotSupportedError": 501,
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
    if wants_proxy_password(text):
        return PROXY_PASSWORD
    if "Wanted range starting at" in text:  # the store gave the whole object, and obstore looked
        return Failure("answer", 416, retried=retried)
    by_kind = _STATUS_BY_KIND.get(type(error).__name__)
    if by_kind:
        return Failure("answer", by_kind, retried=retried)
    cause, reason = _obstore_cause(text), _obstore_reason(text)
    return Failure(cause, message=reason, retried=retried, silent=cause == "broken" and reason == TIMED_OUT)


def _obstore_cause(text: str) -> Cause:
    if "IncompleteBody" in text or "UnexpectedEof" in text:
        return "truncated"
    if re.search(r"^ +Parse\($", text, re.MULTILINE):
        return "not_s3"
    kind = _KIND.search(text)
    if kind and kind[1] in _OBSTORE_KINDS:
        return _OBSTORE_KINDS[kind[1]]
    return next((cause for needle, cause in _OBSTORE_TEXTS if needle in text), "other")


def _obstore_reason(text: str) -> str:
    if "TimedOut" in text:
        return TIMED_OUT
    if "TunnelUnsuccessful" in text:
        return "the proxy refuses the connection"
    reason = _REASON.search(text)
    if reason:
        return reason[1][:MOST_SAID]
    if "InvalidContentType" in text:
        return "it does not speak TLS"
    if "certificate" in text.lower():
        return "its TLS certificate is not trusted"
    return "the connection broke" if "error sending request" in text else ""


def _answer(status: int, body: str, retried: bool) -> Failure:
    if status == 407:
        return PROXY_PASSWORD
    if status >= 400 and body.strip() and not _tag("Code", body):
        return Failure("answer" if status in OF_GATEWAYS else "not_s3", status, retried=retried)
    return Failure("answer", status, _tag("Code", body), _tag("Message", body), retried, _tag("Region", body))


def _tag(name: str, body: str) -> str:
    found = re.search(rf"<{name}>([^<]{{1,{MOST_SAID}}})", body)
    text = found[1] if found else ""
    for escape, char in _ESCAPES:  # `xml.sax.saxutils` would bring half of the HTTP library along
        text = text.replace(escape, char)
    return text
