"""A manifest for each user, for stores without conditional writes: `metadata.<user>.json`, merged when it is read.

Each writes his own alone, so that two who write at the same moment lose nothing. They lie beside the projects, with the
other records. A metadata.json that came there in another way is read with them, as the oldest of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from typing import Annotated, Any

import msgspec

from s3sync.aside import Aside
from s3sync.core.manifest.merge import (
    PATH,
    Statement,
    Statements,
    Thing,
    ahead,
    changed,
    document_of,
    merged,
    outdone,
    own_after,
    values_of,
)
from s3sync.core.manifest.parse import broken, parse, too_large
from s3sync.core.manifest.record import SCHEMA, FileRecord, Manifest, render
from s3sync.core.names import MANIFEST, name_part, refuse_reason
from s3sync.core.records import records
from s3sync.core.sealed import MAGIC
from s3sync.core.times import format_time
from s3sync.decoding import ready
from s3sync.errors import ManifestError, NotFound
from s3sync.shared.manifest_text import encrypted
from s3sync.shared.whose import is_named_so, place, refuse_foreign
from s3sync.spill.table import SpilledDict
from s3sync.store.port import Create, Headers, Store, Update

KIND = "manifest"
MOST_WRITERS = 200
MOST_REVISION = 1 << 53
"""A revision stays there once somebody wrote it: what follows is readable, and its time decides."""
MOST_AHEAD = timedelta(days=1)
"""Time by which a clock may be ahead: one that is set to another part of the world is by 14 hours."""
_AT_ONCE = 8
_HEADERS = Headers(content_type="application/json")
_NO_STATEMENT = (AttributeError, KeyError, TypeError, ValueError, RecursionError)


class Text(msgspec.Struct, kw_only=True):
    """A user's manifest as it is stored."""

    schema: int = SCHEMA
    project_id: str = ""
    repo: str = ""
    user: str = ""
    revision: Annotated[int, msgspec.Meta(ge=0, le=MOST_REVISION)] = 0
    write_id: str | None = None
    statements: list[Statement] = []


class Own(msgspec.Struct):
    """All manifests of a project as they were read: the merged one, and whose they are."""

    manifest: Manifest
    etag: str | None
    by_key: Mapping[str, tuple[str, Statements]]
    """By key: the ETag, and the statements."""
    shared: Statements
    """Those of a metadata.json that all share."""
    digests: Mapping[str, str]
    """By key: the MD5 of the text."""
    others: dict[str, list[FileRecord]]
    """Records that lost against another user's, by name."""
    until: str
    """Time behind which nobody can have written."""
    ahead: dict[str, str]
    """By key: the latest such time that a manifest has."""
    revisions: dict[str, int]
    """By key: the revision of each."""


def key_of(prefix: str, user: str) -> str:
    """Key of a user's manifest: with a hash where his name alone would not do on every disk."""
    part = name_part(user)
    plain = part == user and part.isascii() and part == part.lower()
    return (
        f"{records(prefix, KIND)}metadata.{part if plain else f'{part}-{sha256(user.encode()).hexdigest()[:8]}'}.json"
    )


def read_all(store: Store, prefix: str) -> Own:
    """Read and merge every manifest of a project. Raises `ManifestError` for one that cannot be read, `StoreError`."""
    folder = records(prefix, KIND)
    keys = _listed(store, folder)
    with Aside(_AT_ONCE, "s3sync-manifests") as threads:
        shared = threads.submit(_read, store, prefix + MANIFEST)
        texts = [(key, text) for key, text in zip(keys, threads.map(lambda key: _read(store, key), keys), strict=True)]
        old = shared.result()
    by_key: dict[str, tuple[str, Statements]] = {}
    digests: dict[str, str] = {}
    revisions: dict[str, int] = {}
    named: dict[str, tuple[str, str]] = {}
    of_shared: Statements = {}
    revision = 0
    for key, found in texts:
        if found is not None:
            text = _decoded(found[1], key)
            revision = max(revision, text.revision)
            revisions[key] = text.revision
            named[key] = text.repo, text.project_id
            by_key[key] = found[0], {one.thing: one for one in text.statements}
            digests[key] = md5(found[1], usedforsecurity=False).hexdigest()
    if old is not None:
        of_shared, shared_manifest = _of_shared(old[1]), parse(old[1])
        revision = max(revision, shared_manifest.revision)
        named[prefix + MANIFEST] = shared_manifest.repo, shared_manifest.project_id
        digests[prefix + MANIFEST] = md5(old[1], usedforsecurity=False).hexdigest()
    everything = [of_shared, *(statements for _, statements in by_key.values())]
    until = format_time(datetime.now(UTC) + MOST_AHEAD)
    best = merged(*everything, until=until)
    for key, names in named.items():
        _refuse_foreign(store, prefix, key, names, by_key[key][1] if key in by_key else of_shared, best)
    manifest = _manifest(prefix, best, max([revision, *(one.revision for one in best.values())]))
    losers = {name: _records(some) for name, some in outdone(everything, best).items()}
    late = {key: at for key, (_, statements) in by_key.items() if (at := ahead(statements, until)) is not None}
    return Own(manifest, _etag(digests), by_key, of_shared, digests, losers, until, late, revisions)


def _refuse_foreign(
    store: Store, prefix: str, key: str, named: tuple[str, str], own: Statements, best: Statements
) -> None:
    """Only what still stands of a manifest can be of this project, or of another. Raises as `refuse_foreign`."""
    if is_named_so(prefix, named):
        return
    standing = [one for thing, one in own.items() if one.kind == PATH and best[thing] is one]
    values = [one.value.get("files") for one in standing if isinstance(one.value, dict)]
    files = [(one.name, one.size_bytes) for one in _records(values) if not refuse_reason(one.name)]
    if files:
        refuse_foreign(store, prefix, named, len(files), files, key)


def _listed(store: Store, folder: str) -> list[str]:
    """Keys of the manifests. Raises `ManifestError` where they are more, together, than anybody reads."""
    from s3sync.core import limits

    found = {info.key: info.size for info in store.list(folder) if _is_manifest(info.key.removeprefix(folder))}
    where, hint = f"{store.url}/{folder}", "delete there those of nobody in the team, with another client"
    if len(found) > MOST_WRITERS:
        raise ManifestError(f"{where} has more than {MOST_WRITERS} manifests", why="no team has so many", hint=hint)
    if sum(found.values()) > limits.now.manifest_bytes:
        why = f"together they are larger than {limits.now.manifest_bytes} bytes"
        raise ManifestError(f"the manifests in {where} cannot be read", why=why, hint=hint)
    return sorted(found)


def _etag(digests: Mapping[str, str]) -> str | None:
    """The version of all manifests together, by what they hold: the times of a store may be too coarse."""
    return md5(repr(sorted(digests.items())).encode(), usedforsecurity=False).hexdigest() if digests else None


def write(store: Store, prefix: str, known: Own, manifest: Manifest, at: str, by: str) -> str | None:
    """Publish what a new manifest changes of the one that was read. Returns the version of all from then on.

    Raises `PreconditionFailed` where this user wrote from elsewhere meanwhile, as far as it is seen.
    """
    key = key_of(prefix, by)
    etag, own = known.by_key.get(key, (None, {}))
    others = [statements for other, (_, statements) in known.by_key.items() if other != key]
    new = changed(_values(known.manifest), _values(manifest))
    revision = min(manifest.revision, MOST_REVISION)
    mine = own_after(own, [known.shared, *others], new, revision, at, by, known.until)
    text = Text(
        project_id=manifest.project_id,
        repo=manifest.repo,
        user=by,
        revision=revision,
        write_id=manifest.write_id,
        statements=[mine[thing] for thing in sorted(mine)],
    )
    body = msgspec.json.format(msgspec.json.encode(text), indent=1)
    reason = too_large(body)
    if reason:
        raise ManifestError(f"{key} would become more than anybody can read", why=reason, hint="divide the project")
    mode = Create() if etag is None else Update(etag)
    digest = md5(body, usedforsecurity=False)
    store.put(key, body, mode=mode, headers=_HEADERS, md5=digest.digest())
    return _etag({**known.digests, key: digest.hexdigest()})


def _values(manifest: Manifest) -> dict[Thing, Any]:
    return values_of(msgspec.json.decode(b"".join(render(manifest))))


def _is_manifest(name: str) -> bool:
    return name.startswith("metadata.") and name.endswith(".json") and "/" not in name


def _read(store: Store, key: str) -> tuple[str, bytes] | None:
    from s3sync.core import limits

    try:
        with store.get(key) as reader:
            if reader.info.size > limits.now.manifest_bytes:
                raise broken(f"{key} is larger than {limits.now.manifest_bytes} bytes")
            return reader.info.etag, b"".join(bytes(piece) for piece in reader)
    except NotFound:
        return None


def _decoded(data: bytes, key: str) -> Text:
    if data.startswith(MAGIC):
        raise encrypted(key)
    reason = too_large(data)
    if reason:
        raise broken(f"{key}: {reason}")
    try:
        text = msgspec.json.decode(data, type=ready(Text))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise broken(f"{key}: {error}") from None
    if text.schema != SCHEMA:
        raise ManifestError(f"cannot read {key}", why="a newer s3sync wrote it", hint="upgrade s3sync")
    return text


def _records(values: Iterable[Any]) -> list[FileRecord]:
    """Those of the values that are records of files: what lost counts for nothing if it is none."""
    found = []
    for value in values:
        with suppress(msgspec.ValidationError):
            found.append(msgspec.convert(value, ready(FileRecord)))
    return found


def _of_shared(data: bytes) -> Statements:
    """Statements of a metadata.json that all share: outdone by every other."""
    parse(data)  # refuses what no metadata.json may hold
    try:
        values = values_of(msgspec.json.decode(data))
    except _NO_STATEMENT as error:
        raise broken(f"a field of it is none ({type(error).__name__})") from None
    return {thing: Statement(*thing, 0, "", "", value) for thing, value in values.items()}


def _manifest(prefix: str, best: Statements, revision: int) -> Manifest:
    """Raises `ManifestError` for statements that no metadata.json could make."""
    repo, project = place(prefix)
    try:
        document = {"project_id": project, "repo": repo, **document_of(best), "schema": SCHEMA, "revision": revision}
        text = msgspec.json.encode(document)
    except _NO_STATEMENT as error:
        raise broken(f"a statement is none ({type(error).__name__})") from None
    return parse(text, SpilledDict(FileRecord, len(best)))
