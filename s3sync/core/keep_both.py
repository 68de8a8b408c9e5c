"""Keeping both versions of a file: the steps, and what the next run does about those that a killed run left undone.

The steps of one conflict, each durable before the next one begins:

1. the remote version is downloaded to `partial/`
2. the intent is noted in state.db
3. the local file gets the copy's name as a second one (a hard link)
4. it loses its own name (where there are no hard links, one rename does both)
5. the remote version gets the name
6. its arrival is noted in the intent
7. the copy is uploaded; base and metadata.json follow as for any file, and the intent is forgotten

After a kill the user may have done anything before the next run. What that one does follows from what stands under the
two names, never from what should stand there; `TABLE` holds every case. No case deletes bytes: the only name that is
ever taken away is the second one of a file that keeps its first.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from s3sync.core.manifest.record import ConflictRecord


class Fingerprint(Struct, frozen=True):
    """A regular file as its directory entry shows it. `device` and `links` are not remembered: they are 0 then."""

    size: int
    mtime_ns: int
    inode: int
    device: int = 0
    links: int = 0

    def is_still(self, now: Fingerprint) -> bool:
        return (self.size, self.mtime_ns, self.inode) == (now.size, now.mtime_ns, now.inode)

    def is_one_with(self, other: Fingerprint) -> bool:
        """True if both names are of one file. File systems without useful inodes have no second names either."""
        same = (self.device, self.inode) == (other.device, other.inode)
        return same and self.inode != 0 and min(self.links, other.links) >= 2


class Intent(Struct, frozen=True):
    """Note about one conflict. `stood_as` is the local file's name on the disk, which may be spelled differently
    from `name`; `mine` is the local file, unknown in notes of older versions."""

    name: str
    kept_as: str
    by: str
    at: str
    stood_as: str = ""
    mine: Fingerprint | None = None
    arrived: bool = False

    @property
    def record(self) -> ConflictRecord:
        return ConflictRecord(self.name, self.kept_as, self.by, self.at)


class Original(StrEnum):
    """File under the local file's own name."""

    GONE = "nothing"
    THERE = "a file"


class Copy(StrEnum):
    """File under the conflict copy's name."""

    GONE = "nothing"
    SAME = "the very file that stands under its own name, too"
    MINE = "the local file as it was moved"
    OTHER = "another file, or the local one edited since"


class Repair(StrEnum):
    FORGET = "it did not come to it, it was undone, or the user took the copy away: nothing is left to do"
    DROP_COPY = "take the second name away: the file has its own one"
    MOVE_BACK = "give the file its own name back: the conflict is decided once more"
    FORGET_BASE = "the name's absence is our doing and no deletion: the base forgets it, the copy stays"
    GO_ON = "both versions stand: the copy is uploaded, and then it is told"


TABLE: dict[tuple[Original, Copy, bool], Repair] = {
    # under its own name, under the copy's name, the remote version's arrival is noted
    (Original.THERE, Copy.GONE, False): Repair.FORGET,
    (Original.THERE, Copy.GONE, True): Repair.FORGET,
    (Original.THERE, Copy.SAME, False): Repair.DROP_COPY,
    (Original.THERE, Copy.SAME, True): Repair.GO_ON,  # the user's own hard link
    (Original.THERE, Copy.MINE, False): Repair.GO_ON,  # arrived without a note, or the user saved a new file
    (Original.THERE, Copy.MINE, True): Repair.GO_ON,
    (Original.THERE, Copy.OTHER, False): Repair.GO_ON,
    (Original.THERE, Copy.OTHER, True): Repair.GO_ON,
    (Original.GONE, Copy.GONE, False): Repair.FORGET_BASE,
    (Original.GONE, Copy.GONE, True): Repair.FORGET,  # the user deleted both
    (Original.GONE, Copy.MINE, False): Repair.MOVE_BACK,
    (Original.GONE, Copy.MINE, True): Repair.GO_ON,  # the user deleted the remote version
    (Original.GONE, Copy.OTHER, False): Repair.FORGET_BASE,
    (Original.GONE, Copy.OTHER, True): Repair.GO_ON,
}


def repair(intent: Intent, original: Fingerprint | None, copy: Fingerprint | None) -> Repair:
    """Decide what to do about a noted conflict, by the files that stand under the two names (None: no regular file)."""
    return TABLE[Original.THERE if original else Original.GONE, _copy(intent, original, copy), intent.arrived]


def _copy(intent: Intent, original: Fingerprint | None, copy: Fingerprint | None) -> Copy:
    if copy is None:
        return Copy.GONE
    if original is not None and original.is_one_with(copy):
        return Copy.SAME
    return Copy.MINE if intent.mine is not None and intent.mine.is_still(copy) else Copy.OTHER
