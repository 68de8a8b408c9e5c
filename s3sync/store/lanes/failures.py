"""A failed request, read from what a vendor's library said of it; and what all libraries have in common.

Each library's exceptions are read in one place: obstore's in `lanes/obstore/failures.py`, botocore's in
`s3/failures.py`.
"""

from __future__ import annotations

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
    "dripping",
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
    end; bytes that come too slowly; the whole object where a range was asked for; a key that the library cannot
    express, or a header that it cannot read; no usable credentials; anything else.
    `silent`: nothing came for as long as was waited; whatever else was opened before may lead nowhere, too.
    `retried` is True when the library tried more than once: an earlier attempt may have been carried out.
    """

    cause: Cause
    status: int = 0
    code: str = ""
    message: str = ""
    retried: bool = False
    region: str = ""
    silent: bool = False


_VENDORS = frozenset({"botocore", "obstore", "urllib3", "awscrt", "google", "azure", "requests"})


def is_vendors(error: BaseException) -> bool:
    """True if an exception is one that a vendor library raises for a failed request, and not a mistake of ours."""
    return type(error).__module__.partition(".")[0] in _VENDORS or isinstance(error, (OSError, ValueError))


def is_panic(error: BaseException) -> bool:
    """True if obstore's Rust code gave up: an answer that it never expected, such as a token too long for a URL."""
    return type(error).__name__ == "PanicException"


def wrapped(error: BaseException) -> S3syncError | None:
    """Our own error, which botocore wraps in one of its own when reading the body to send raises it."""
    details: Any = getattr(error, "kwargs", None)
    inner = details.get("error") if isinstance(details, dict) else None
    return inner if isinstance(inner, S3syncError) else None


TIMED_OUT = "timed out"
MOST_SAID = 500
"""Characters of a server's message that are shown."""

SENSELESS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""Errors that `google-auth` and botocore let through, of an answer whose parts are of other kinds or are not there."""

NOWHERE = "127.0.0.1:0"
"""Target of requests that are redirected to another host: no server has the port 0."""

PROXY_PASSWORD = Failure("answer", 407, message="the proxy refuses the user name and password, or wants some")
OF_GATEWAYS = {407, 408, 413, 429, 500, 502, 503, 504, 507, *range(520, 528)}
"""Statuses that say enough without S3's own words: whatever stands before the store answers with a web page."""


def wants_proxy_password(text: str) -> bool:
    """True if a connection was refused by the proxy that it should go through, for want of a name and password."""
    told = text.lower()
    return "407 proxy auth" in told or "proxy authorization required" in told or "proxyauthrequired" in told
