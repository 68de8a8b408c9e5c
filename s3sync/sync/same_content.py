"""Comparison of local files with objects of which nobody, or only a peer, says what is in them.

An MD5 in metadata.json or in an object's metadata is a peer's word: enough to compare by, and not enough to destroy or
to publish by. What the store makes of the bytes counts (an MD5, or one made of MD5s), and what this computer sent or
fetched itself. The CRC that a store keeps is for comparing, too: other bytes that have the same are easily made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from s3sync.core.content_hash import running_hash
from s3sync.core.entries import Entry
from s3sync.core.etag import is_part_size, names_one_write, part_count, plain_md5
from s3sync.core.outcome import Problem
from s3sync.core.vouching import Overwrite
from s3sync.errors import LocalError, NotFound, SourceChanged
from s3sync.local.digests import file_checksum, file_hash, local_etag
from s3sync.local.scan import LocalFile
from s3sync.local.slice import open_slice
from s3sync.shared.scan import RemoteFile
from s3sync.shared.vouched import replaced
from s3sync.state.memory import StateDB
from s3sync.state.overwrites import Overwrites
from s3sync.state.unfinished import UnfinishedTransfers
from s3sync.store.aspects import WholeChecksums, aspect
from s3sync.store.port import Store
from s3sync.store.seals import Seals
from s3sync.sync.session import Session
from s3sync.sync.view import View
from s3sync.transfer.ledger import Ledger


def settle_unknown_md5s(session: Session, seen: View) -> None:
    """Give objects without a recorded MD5 that of the local file of their path, where the store vouches for it.

    Such are large objects of other tools, and all large ones once metadata.json and the part digests are lost.
    """
    for path in seen.there.without_md5:
        remote, file, digests = seen.there.files[path], seen.here.files.get(path), seen.digests_of(path)
        if file is None or digests is None or file.size != remote.entry.size:
            continue
        try:
            same = is_same(session.store, remote, file)
        except LocalError as error:
            seen.problems.append(Problem(path, str(error), error.hint))
            seen.hidden.add(path)
            seen.complete = seen.complete and isinstance(error, SourceChanged)
            continue
        if same:
            seen.there.files[path] = replace(remote, entry=replace(remote.entry, md5=digests.md5))
            if (record := seen.there.repaired.get(path)) is not None:
                record.md5 = digests.md5
                seen.there.repaired[path] = record
    if aspect(session.store, Seals) is not None:
        leave_out_unvouched(seen)


def is_same(store: Store, remote: RemoteFile, file: LocalFile, *, surely: bool = False) -> bool:
    """True if an object's composite ETag, or the checksum that the store keeps of it, is that of a local file.

    An ETag that is another hash (Dropbox's) is compared as such. `surely`: only by the ETag. Under KMS it says nothing,
    and other stores keep no checksum: then it is not known to be the same. Raises `LocalError`, `StoreError`.
    """
    try:
        parts, seals = part_count(remote.etag), aspect(store, Seals)
        if seals is not None:
            return _is_sealed_same(store, seals, remote, file)
        if parts is not None:
            part_size = remote.record.part_size or store.first_part_size(remote.key)
            known = part_size is not None and is_part_size(file.size, parts, part_size)
            if known and local_etag(file, part_size or 0) == remote.etag:
                return True
        own = running_hash(remote.etag)
        if own is not None:
            return f"{remote.etag.partition(':')[0]}:{file_hash(file, own)}" == remote.etag
        if surely:
            return False
        whole = aspect(store, WholeChecksums)
        told = whole.checksum_of(remote.key) if whole is not None else None
        running = whole.new_checksum() if whole is not None and told is not None else None
        return running is not None and file_checksum(file, running) == told
    except NotFound:
        return False  # deleted since it was listed: whatever is planned for it will find that out


def _is_sealed_same(store: Store, seals: Seals, remote: RemoteFile, file: LocalFile) -> bool:
    """True if an encrypted object is what the file would become: what it becomes follows from its bytes."""
    if remote.entry.size != file.size:
        return False
    parts, part_size = part_count(remote.etag), None
    if parts is not None:
        part_size = remote.record.part_size or store.first_part_size(remote.key)
        if part_size is None or not is_part_size(file.size, parts, part_size):
            return False
    with open_slice(file, 0, file.size) as body:
        return seals.sealed_etag(remote.key, body, part_size) == remote.etag


def overwrites_of(store: Store, state: StateDB) -> Mapping[str, Overwrite]:
    """Versions that this computer was about to replace in an encrypted project, by path; none elsewhere."""
    return Overwrites(state).all() if aspect(store, Seals) is not None else {}


def leave_out_unvouched(seen: View) -> None:
    """Hide the objects of an encrypted project that neither metadata.json names nor the file here vouches for."""
    for path in seen.there.without_md5:
        remote = seen.there.files[path]
        if remote.entry.md5 is None:
            error = replaced()
            seen.problems.append(Problem(path, str(error), error.hint))
            seen.hidden.add(path)
            seen.there.repaired.pop(path, None)


def is_vouched(ledger: Ledger, path: str, remote: RemoteFile, base: Entry | None) -> bool:
    """True if an object's MD5 is its ETag, which the store makes, or this computer sent or fetched all of that version.

    `base` is the path's: an ETag that tells no content (`core.plan.by_word`) it has only then, with the MD5 of that
    content. The ledger's word for an ETag alone says that its bytes were had here, and not that they are those of the
    MD5 that somebody gives for them today.
    """
    had_here = base is not None and (base.etag, base.md5) == (remote.etag, remote.entry.md5)
    if plain_md5(remote.etag) is None and not names_one_write(remote.etag):
        return had_here and part_count(remote.etag) is not None and ledger.is_sure_of(path, remote.etag)
    return had_here or plain_md5(remote.etag) == remote.entry.md5


def what_is_known(seen: View, state: StateDB) -> Callable[[str], bool]:
    """Tells of a path whether it is known what its object holds."""
    ledger = UnfinishedTransfers(state)

    def is_known(path: str) -> bool:
        remote = seen.there.files.get(path)
        return remote is not None and is_vouched(ledger, path, remote, seen.base.get(path))

    return is_known


def is_surely_same(
    store: Store, ledger: Ledger, path: str, remote: RemoteFile, file: LocalFile, base: Entry | None
) -> bool:
    """True if an object that is said to hold a file's bytes does so by more than a peer's word.

    The file is read where nothing else tells. One that changes meanwhile is not the same. Raises `StoreError`.
    """
    if is_vouched(ledger, path, remote, base):
        return True
    try:
        return is_same(store, remote, file, surely=True)
    except LocalError:
        return False
