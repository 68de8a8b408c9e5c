"""Rights in the store, found out by doing it on scratch objects."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from hashlib import md5

from s3sync.doctor.report import Check, Level, fail, failed_by, ok, skipped, warn
from s3sync.errors import AccessDenied, NotFound, S3syncError, StoreError
from s3sync.project import ProjectFolder
from s3sync.store import Store
from s3sync.store.aspects import Tags, aspect
from s3sync.store.port import Headers, ObjectInfo, Overwrite
from s3sync.store.probe import check_multipart

NAMES = ("list", "read", "write", "delete", "multipart", "tags")
_BODY = b"s3sync doctor"
_READER = "whoever only reads can use `status`, `verify` and `down`; to upload, ask the bucket's owner to allow "
_NO_DELETE = "`up` and `down` work; `cleanup`, and `sync` with deletions, fail. Ask the bucket's owner to allow "
_POLICY = "see docs/iam-policy.md for the rights that a member needs"


def checks(store: Store, project: ProjectFolder, own: str) -> tuple[list[ObjectInfo] | None, list[Check]]:
    """List what is below the project's prefix, and check each right.

    Whoever may not delete writes nothing that would stay: the right to write is then tried on an upload in parts.
    """
    key = f"{own}access"
    listed, may_list = _list(store, project)
    delete = _attempt("delete", "a scratch object", lambda: store.delete(key), "s3:DeleteObject", _NO_DELETE)
    if delete.level is Level.OK:
        write = _attempt("write", "a scratch object", lambda: _put(store, key), "s3:PutObject", _READER)
    else:
        write = _attempt("write", "an upload can be begun", lambda: _begin(store, key), "s3:PutObject", _READER)
    written = write.level is delete.level is Level.OK
    read = _read(store, key, written=written)
    if written:
        delete = _attempt("delete", "a scratch object", lambda: _delete(store, key), "s3:DeleteObject", _NO_DELETE)
    needs = "needs write" if write.level is not Level.OK else "needs delete"
    may_write = write.level is Level.OK
    multipart = _multipart(store, f"{own}multipart") if may_write else skipped("multipart", "needs write")
    tags = _tags(store, f"{own}tags") if written else skipped("tags", needs)
    return listed, [may_list, read, write, delete, multipart, tags]


def without_writing(store: Store, project: ProjectFolder) -> tuple[list[ObjectInfo] | None, list[Check]]:
    """The same as far as it can be known without a scratch object."""
    listed, may_list = _list(store, project)
    return listed, [may_list, _read(store, f"{project.prefix}.s3sync/doctor/none", written=False)]


def _list(store: Store, project: ProjectFolder) -> tuple[list[ObjectInfo] | None, Check]:
    try:
        listed = list(store.list(project.prefix))
        return listed, ok("list", f"{len(listed)} objects below {project.prefix}")
    except S3syncError as error:
        return None, failed_by("list", error, _allow("s3:ListBucket", error))


def _begin(store: Store, key: str) -> None:
    """Begin an upload, which needs the right to write, and leave nothing of it."""
    store.abort_upload(key, store.start_upload(key, Headers()))


def _delete(store: Store, key: str) -> None:
    store.delete(key)
    try:
        store.head(key)
    except NotFound:
        return
    raise StoreError(f"{key} was deleted and is still there", why="the store took the request and did nothing")


def _put(store: Store, key: str) -> str:
    digest = md5(_BODY, usedforsecurity=False).digest()
    return store.put(key, _BODY, mode=Overwrite(), headers=Headers(), md5=digest).etag


def _read(store: Store, key: str, *, written: bool) -> Check:
    """Our scratch object; where we may write none, one that is not there, of which a reader is told just that."""
    try:
        with store.get(key) as reader:
            body = b"".join(bytes(chunk) for chunk in reader)
    except NotFound as error:
        return failed_by("read", error) if written else ok("read", "a missing object is said to be missing")
    except S3syncError as error:
        return failed_by("read", error, _allow("s3:GetObject", error))
    if body != _BODY:
        return fail("read", "the store gave back other bytes than it got", "do not use this store: it damages files")
    return ok("read", "a scratch object came back as it was written")


def _attempt(name: str, what: str, call: Callable[[], object], right: str, without: str) -> Check:
    """A right that a member may do without is a warning when it is denied, and a failure when it fails."""
    try:
        call()
    except AccessDenied as error:
        return warn(name, str(error), f"{without}{right}")
    except S3syncError as error:
        return failed_by(name, error)
    return ok(name, what)


def _allow(right: str, error: S3syncError) -> str | None:
    return f"ask the bucket's owner to allow {right}; {_POLICY}" if isinstance(error, AccessDenied) else error.hint


def _multipart(store: Store, key: str) -> Check:
    if not store.capabilities.multipart:
        return skipped("multipart", "this store has no uploads in parts")
    problem = check_multipart(store, key)
    if isinstance(problem, AccessDenied):
        hint = f"interrupted large uploads cannot be resumed, or leave parts behind; {_POLICY}"
        return warn("multipart", str(problem), hint)
    if isinstance(problem, StoreError):
        return failed_by("multipart", problem)
    if problem:
        return fail("multipart", problem, "files over 8 MiB cannot be uploaded to this store")
    return ok("multipart", "begun, a part sent, listed, and aborted")


def _tags(store: Store, key: str) -> Check:
    tags = aspect(store, Tags)
    if tags is None:
        return skipped("tags", "this store has no tags")
    wanted = {"s3sync": "doctor"}
    try:
        _put(store, key)
        tags.put_tags(key, wanted)
        found = tags.get_tags(key)
    except AccessDenied:
        hint = "s3:GetObjectTagging and s3:PutObjectTagging; see docs/iam-policy.md"
        return skipped("tags", "you have no right to them, and need it only where other tools tag your objects", hint)
    except S3syncError as error:
        return warn("tags", str(error), "s3sync itself needs none")
    finally:
        with contextlib.suppress(S3syncError):
            store.delete(key)
    if found != wanted:
        return warn("tags", "the store loses the tags of objects", "s3sync itself needs none")
    return ok("tags", "written and read")
