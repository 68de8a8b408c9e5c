"""An error of ours as data: it comes back from a worker whole, and is not tried again elsewhere."""

from __future__ import annotations

import socket

from msgspec import Struct

from s3sync import errors
from s3sync.errors import ENDS_THE_RUN, ArchiveError, S3syncError

TEXT = 2000
"""Characters of each text that are believed."""


class Failure(Struct, frozen=True):
    """Error by the name of its class, which is one of `s3sync.errors`."""

    kind: str
    message: str
    why: str | None = None
    hint: str | None = None


def failure_of(error: S3syncError) -> Failure:
    """The error as data. One that is about the worker's own line or keys says which worker that is."""
    message = error.message
    if isinstance(error, ENDS_THE_RUN):
        message = f"the worker on {socket.gethostname()[:80]} cannot go on: {message}"
    return Failure(type(error).__name__, message, error.why, error.hint)


def error_of(found: Failure) -> S3syncError:
    """The error again. One of a name that is no error of ours is an `ArchiveError`."""
    kind = getattr(errors, found.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, S3syncError)):
        kind = ArchiveError
    why, hint = (text[:TEXT] if text is not None else None for text in (found.why, found.hint))
    return kind(found.message[:TEXT], why=why, hint=hint)


def failed(unit: str, error: BaseException) -> S3syncError:
    """Error for a task whose workers were killed again and again, or met what is no error of ours."""
    if isinstance(error, S3syncError):
        return error
    kind = type(error).__name__
    why = "its workers were killed each time" if kind == "KilledWorker" else f"its worker failed: {kind}: {error}"
    return ArchiveError(f"{unit} was not done", why=why[:500], hint="look at the workers' memory and their log")
