"""Restored files on the disk: below one folder that is held open, through no link, never in another's place."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive import underway
from s3sync.core.archive.extraction import RESTORED, aside
from s3sync.core.archive.values import Kind, Member
from s3sync.core.spelling import obeyed_reason
from s3sync.core.times import FILE_TIMES
from s3sync.disk.copying import pieces
from s3sync.disk.durable import write_all
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own_links import own_end
from s3sync.disk.tree import folder_below, make_straight
from s3sync.errors import ArchiveError

_PERMISSIONS = 0o777
"""Nothing that is restored runs as another user."""
_DATES_LINKS = os.utime in os.supports_follow_symlinks
"""True where a link can have a time of its own, which GNU tar sets, too. Elsewhere it would be that of its target."""


class Placed(StrEnum):
    """State of a member on the disk after a restore."""

    RESTORED = "restored"
    SAME = "same"
    """The same bytes were there."""
    BESIDE = "beside"
    """Other bytes were there, and stay: it has a name of its own beside them."""


class Destination(Struct, frozen=True):
    """Folder that members are restored into: `base` is the user's own word, and `names` lead on from it.

    These come from an index, and what stands under them may be anybody's: no link there is followed.
    """

    base: Path
    names: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return self.base.joinpath(*self.names)


class Unnamed(Struct):
    """A file that is written and verified, and has no name yet. It is locked as long as its descriptor is open."""

    member: Member
    folder: GuardedFolder
    temporary: str
    descriptor: int
    proven: bool
    is_gone: bool = False

    def drop(self) -> None:
        """Take away what has no name of its own. May be called again."""
        if not self.is_gone:
            with suppress(OSError):
                self.folder.unlink(self.temporary, missing_ok=True)
        self.is_gone = True
        self.close()

    def close(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class Target:
    """Folder that members are restored into. The base, and folders above it, are made and are the user's business.

    `mask`: where others may have said the modes, the bits that are not set; None for what this computer sent. Without
    `make` nothing is: that is to look at what is there.
    """

    def __init__(self, to: Destination, stamp: str, *, mask: int | None = None, make: bool = True) -> None:
        self.root, self._stamp, self._mask = to.path, stamp, mask
        with local_errors("cannot make", to.base):
            self._base, self._names = own_end(to.base), to.names
            if make:
                make_straight(Path(self._base))
        hint = "look at what stands there and move it away, or say --to DIR"
        if make:
            with local_errors("cannot restore to", self.root, hint=hint):
                self._folder("", create=0o777)
        self._earlier: dict[str, list[str]] = {}

    def _folder(self, path: str, *, create: int | None = None) -> GuardedFolder:
        names = path.split("/") if path else []
        return folder_below(self._base, (*self._names, *names), create=create)

    def _where(self, path: str) -> str:
        return f"{self.root}{os.sep}{path}"

    def _parent(self, path: str) -> tuple[GuardedFolder, str]:
        above, _, name = path.rpartition("/")
        return self._folder(above, create=0o777), name

    def holds(self, member: Member, path: str | None = None) -> bool:
        """True if the disk has the member's very bytes under its name, or under another one."""
        path = path or member.path
        with local_errors("cannot read", self._where(path)):
            try:
                above, _, name = path.rpartition("/")
                folder = self._folder(above)
                found = folder.find(name)
                if found is None or not stat.S_ISREG(found.st_mode) or found.st_size != member.size:
                    return False
                descriptor = folder.open_read(name)
            except (FileNotFoundError, NotADirectoryError):
                return False
            digest = hashlib.sha256()
            with open(descriptor, "rb", buffering=0) as stream:
                for chunk in pieces(stream, member.size + 1):
                    digest.update(chunk)
        return digest.hexdigest() == member.sha256

    def is_taken(self, member: Member) -> bool:
        """True if something has the member's name, whatever it is."""
        above, _, name = member.path.rpartition("/")
        with local_errors("cannot read", self._where(member.path)), suppress(FileNotFoundError, NotADirectoryError):
            return self._folder(above).find(name) is not None
        return False

    def beside(self, member: Member) -> str | None:
        """Name under which an earlier restore put the member's bytes beside other content; None if it did not."""
        above, slash, name = member.path.rpartition("/")
        begin, _, end = aside(name, "\0").partition("\0")
        try:
            if self._folder(above).find(name) is None:
                return None
        except OSError:
            return None
        for other in self._restored_in(above):
            if other.startswith(begin) and other.endswith(end) and self.holds(member, f"{above}{slash}{other}"):
                return f"{above}{slash}{other}"
        return None

    def _restored_in(self, path: str) -> list[str]:
        """Names in a folder that an earlier restore may have given; those of this one are not among them."""
        if path not in self._earlier:
            with local_errors("cannot read", self._where(path)):
                try:
                    names = self._folder(path).names()
                except (FileNotFoundError, NotADirectoryError):
                    names = []
            self._earlier[path] = sorted(name for name in names if RESTORED in name)
        return self._earlier[path]

    def receive(self, member: Member, pieces: Iterator[memoryview], *, proven: bool = True) -> Unnamed | None:
        """Write a file that has no name yet, if its bytes have the member's SHA-256; None, and nothing, if not.

        `proven` False: no SHA-256 is known. Raises `LocalError`, `DiskFull`; then nothing of it stays.
        """
        with local_errors("cannot write", self._where(member.path)):
            folder, _ = self._parent(member.path)
            one = Unnamed(member, folder, *underway.begin(folder), proven)
            try:
                digest = hashlib.sha256()
                for piece in pieces:
                    digest.update(piece)
                    write_all(one.descriptor, piece)
                if not proven:
                    one.member = replace(member, sha256=digest.hexdigest())
                elif digest.hexdigest() != member.sha256:
                    one.drop()
                    return None
                self._dress(folder, one.temporary, member, one.descriptor)
            except BaseException:
                one.drop()
                raise
            return one

    def sync(self, one: Unnamed) -> None:
        """Have the disk hold a file before it gets its name. Raises `LocalError`."""
        with local_errors("cannot write", self._where(one.member.path)):
            os.fsync(one.descriptor)

    def name(self, one: Unnamed) -> tuple[Placed, str]:
        """Give a file its name, or one beside other content that has it. Nothing else stays. Raises `LocalError`."""
        member = one.member
        with local_errors("cannot write", self._where(member.path)):
            try:
                if not underway.KEPT_OPEN:
                    one.close()
                earlier = None if one.proven or self.holds(member) else self.beside(member)
                if earlier is not None:
                    return Placed.BESIDE, earlier
                return self._named(one.folder, one.temporary, member.path.rpartition("/")[2], member)
            finally:
                one.drop()

    def sweep(self, folder: str) -> None:
        """Remove what a killed restore left in a folder."""
        with suppress(OSError):
            underway.sweep(self._folder(folder))

    def _named(self, folder: GuardedFolder, temporary: str, name: str, member: Member) -> tuple[Placed, str]:
        above = member.path.rpartition("/")[0]
        prefix = f"{above}/" if above else ""
        if _give(folder, temporary, name):
            return Placed.RESTORED, member.path
        if self.holds(member):
            return Placed.SAME, member.path
        other, number = aside(name, self._stamp), 1
        while not _give(folder, temporary, other):
            number += 1
            other = aside(name, f"{self._stamp}-{number}")
        return Placed.BESIDE, prefix + other

    def link(self, member: Member) -> Placed:
        """Make a symbolic link, whose target was checked. Where something else has the name, that stays.

        Raises `ArchiveError` for one that goes up again behind a name that is no folder here.
        """
        self._require_folders(member)
        with local_errors("cannot make", self._where(member.path)):
            folder, name = self._parent(member.path)
            with suppress(FileExistsError):  # another restore may make it at the same moment
                if folder.find(name) is None:
                    folder.symlink(member.target or "", name)
                    if _DATES_LINKS and member.mtime_ns in FILE_TIMES:
                        folder.utime(name, member.mtime_ns)
                    return Placed.RESTORED
            return Placed.SAME if _is_link_to(folder, name, member.target) else Placed.BESIDE

    def has_link(self, member: Member) -> bool:
        """True if the disk has the very symbolic link."""
        above, _, name = member.path.rpartition("/")
        with local_errors("cannot read", self._where(member.path)):
            try:
                return _is_link_to(self._folder(above), name, member.target)
            except (FileNotFoundError, NotADirectoryError):
                return False

    def _require_folders(self, member: Member) -> None:
        """A `..` behind a link leads to where that one leads: behind each name before one stands a real folder."""
        at = member.path.split("/")[:-1]
        depth = len(at)
        for name in (member.target or "").replace("\\", "/").split("/"):
            if name == "..":
                if len(at) > depth:
                    try:
                        self._folder("/".join(at))
                    except OSError:
                        raise ArchiveError(
                            f"the link leads to {member.target:.200}",
                            why="which goes up again behind what is no folder",
                        ) from None
                at.pop()
                depth = min(depth, len(at))
            elif name not in ("", "."):
                at.append(name)

    def folder(self, path: str) -> None:
        """Make a folder, if there is none."""
        with local_errors("cannot make", self._where(path)):
            self._folder(path, create=0o777)

    def dress_folder(self, member: Member) -> None:
        """Give a folder its mode and time, after everything in it is there."""
        with local_errors("cannot write", self._where(member.path)):
            folder, name = self._parent(member.path)
            self._dress(folder, name, member)

    def _dress(self, folder: GuardedFolder, name: str, member: Member, descriptor: int | None = None) -> None:
        """Set mode and time; by a descriptor where it is open. A disk without modes refuses that, which is no error."""
        mode = member.mode & _PERMISSIONS
        if self._mask is not None:
            mode &= ~self._mask
            if member.kind is Kind.FILE and obeyed_reason(member.path) is not None:
                mode &= ~0o111
        needed = stat.S_IRUSR if member.kind is Kind.FILE else stat.S_IRUSR | stat.S_IXUSR
        if mode & needed != needed:  # as an index can say: nobody could open what was restored
            mode |= needed | stat.S_IWUSR
        if descriptor is None or not underway.KEPT_OPEN:
            with suppress(PermissionError):
                folder.chmod(name, mode)
            if member.mtime_ns in FILE_TIMES:
                folder.utime(name, member.mtime_ns)
            return
        with suppress(PermissionError):
            os.fchmod(descriptor, mode)
        if member.mtime_ns in FILE_TIMES:
            os.utime(descriptor, ns=(member.mtime_ns, member.mtime_ns))


def _is_link_to(folder: GuardedFolder, name: str, target: str | None) -> bool:
    found = folder.find(name)
    return found is not None and stat.S_ISLNK(found.st_mode) and folder.readlink(name) == target


def _give(folder: GuardedFolder, temporary: str, name: str) -> bool:
    """Give a file its name, which must be free. False if it is not."""
    try:
        folder.link(temporary, name)
    except FileExistsError:
        return False
    except (OSError, NotImplementedError):  # a disk without hard links: the check just before must do
        if folder.find(name) is not None:
            return False
        folder.rename(temporary, name)
    return True
