"""Proof that bytes are elsewhere before a copy of them goes for good: from this disk, or from the store."""

from __future__ import annotations

from collections.abc import Mapping

from s3sync.archive.verify import Proof, verify_again
from s3sync.archive.volumes import merged
from s3sync.archive.work import Working
from s3sync.core.archive.values import Index, Kind, Unit
from s3sync.core.quantities import files_text
from s3sync.errors import Archived, Halt
from s3sync.store.aspects import WholeChecksums, aspect


def verify_before_deletion(work: Working, index: Index, *, deep: bool, rows: Mapping[str, Index] | None) -> Proof:
    """Verify an archive before its files leave this disk. One that this computer did not send is read as a whole.

    Whoever may write into the store may write an index: it proves nothing of the bytes that it is of. What a folder
    says of a file is a note of the same kind, so what lies in one is always read. Raises `Halt` for an archive that
    would have to be read and is cold, `ArchiveError`.
    """
    is_own = work.journal.is_made(index) and aspect(work.carrier.store, WholeChecksums) is not None
    try:
        return verify_again(work.carrier, index, deep=deep or not is_own, rows=rows)
    except Archived as error:
        lacks = "" if is_own else "; this computer has no record that it sent it, so every byte has to be read"
        raise Halt(
            f"did not delete the files of {index.unit}",
            why=f"its archive is in cold storage, and cannot be read back{lacks}",
            hint=f"thaw it (s3sync restore {index.unit} --to FOLDER), and run this again when it is ready"
            + ("; or leave --deep out" if is_own else "; or delete on the computer that sent it"),
        ) from error


def refuse_loss(known: tuple[Index, ...], unit: Unit) -> None:
    """Refuse to replace an archive that has files which are not on this disk: it may have the last copies of them."""
    if not known:
        return
    here = {source.path for source in (*unit.sources, *unit.sidecars)}
    archive = merged(known)
    lost = {one.path for one in (*archive.members, *archive.sidecars) if one.kind is not Kind.FOLDER} - here
    if lost:
        raise Halt(
            f"did not replace the archive of {unit.id}",
            why=f"it has {files_text(len(lost))} that this disk has not, such as {min(lost):.200}; it may have the last"
            " copies",
            hint=f"bring them back first: s3sync restore {unit.id}",
        )
