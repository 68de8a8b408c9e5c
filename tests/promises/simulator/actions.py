"""What can happen: small values that can be printed, dropped from a story, and done again."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from tests.kit.people import PROJECT
from tests.promises.simulator.contents import Content

PATHS = (
    "draft.mp4",
    "DRAFT.mp4",
    "cut/scene 1.mov",
    "cut/deep/é.wav",
    "b.bin",
    "notes",
)
"""Few, so that people meet. Two differ only in case: to a disk that ignores case they are one name."""

USERS = ("david", "jan", "mia")


class Save(Struct, frozen=True, tag=True):
    """A program saves a file: over the old one in its place, or as a new file that is then renamed over it."""

    user: str
    path: str
    content: Content
    in_place: bool = True

    def __str__(self) -> str:
        how = "in place" if self.in_place else "by rename"
        return f"{self.user} saves {self.path} {how}: {self.content}"


class Remove(Struct, frozen=True, tag=True):
    user: str
    path: str

    def __str__(self) -> str:
        return f"{self.user} deletes {self.path}"


class Rename(Struct, frozen=True, tag=True):
    user: str
    path: str
    to: str

    def __str__(self) -> str:
        return f"{self.user} renames {self.path} to {self.to}"


class Touch(Struct, frozen=True, tag=True):
    user: str
    path: str

    def __str__(self) -> str:
        return f"{self.user} touches {self.path}"


class Empty(Struct, frozen=True, tag=True):
    """The files are gone and `.s3sync` is there; with `wholly`, the user deletes the staging folder itself."""

    user: str
    wholly: bool = False

    def __str__(self) -> str:
        return f"{self.user}'s staging folder {'is deleted' if self.wholly else 'is emptied'}"


class Forget(Struct, frozen=True, tag=True):
    """state.db is lost."""

    user: str

    def __str__(self) -> str:
        return f"{self.user} loses state.db"


class OtherTool(Struct, frozen=True, tag=True):
    """Another S3 client puts an object (whole, in parts, or by dropping a file into the folder) or deletes it."""

    path: str
    content: Content | None
    how: str = "put"

    def __str__(self) -> str:
        return f"another tool deletes {self.path}" if self.content is None else (
            f"another tool puts {self.path} ({self.how}): {self.content}"
        )  # fmt: skip


class Place(Struct, frozen=True):
    """A project in a store."""

    store: str = ""
    project: str = PROJECT


HOME = Place()


class Settle(Struct, frozen=True, tag=True):
    """A user's settings name another store, or the project's folder is renamed, from here on; "" is what it was."""

    user: str
    store: str = ""
    project: str = ""

    def __str__(self) -> str:
        where = f"project {self.project or 'as it was called'} in {self.store or 'the first store'}"
        return f"{self.user} goes to {where}"


class RenameClone(Struct, frozen=True, tag=True):
    """The folder of the clone gets another name."""

    user: str
    name: str

    def __str__(self) -> str:
        return f"{self.user}'s clone is called {self.name}"


class Ignore(Struct, frozen=True, tag=True):
    """A user's rules ignore just these paths from here on."""

    user: str
    paths: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.user} ignores {', '.join(self.paths) or 'nothing'}"


class Disguise(Struct, frozen=True, tag=True):
    """A program edits a file in its place, keeps its size, and puts its time back."""

    user: str
    path: str
    token: int

    def __str__(self) -> str:
        return f"{self.user} edits {self.path} to content {self.token} of its size, with its time put back"


class Swap(Struct, frozen=True, tag=True):
    """What is a file becomes a folder with a file in it, and the reverse; an empty folder, without content."""

    user: str
    path: str
    content: Content | None

    def __str__(self) -> str:
        return f"{self.user} puts {self.content or 'an empty folder'} at {self.path}, whatever is in the way"


class Begin(Struct, frozen=True, tag=True):
    """A program begins to write a file: half of it is there, and the program holds it open until it finishes it."""

    user: str
    path: str
    content: Content

    def __str__(self) -> str:
        return f"{self.user}'s program begins to write {self.path}: {self.content}"


class Finish(Struct, frozen=True, tag=True):
    user: str
    path: str

    def __str__(self) -> str:
        return f"{self.user}'s program finishes {self.path}"


class Wait(Struct, frozen=True, tag=True):
    """So many days, or minutes, pass, by everybody's clock and the store's."""

    days: int = 0
    minutes: int = 0

    def __str__(self) -> str:
        return f"{self.days} days pass" if self.days else f"{self.minutes} minutes pass"


class Fault(Struct, frozen=True):
    """What goes wrong at the store call with this number, counted from 1 in the run, or the next one that it fits.

    See `faults.KINDS`.
    """

    call: int
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} from call {self.call}"


class Meanwhile(Struct, frozen=True):
    """What somebody does just before the store call with this number, or the next one of this `method` from it on.

    The methods "question" and "wait" are none of the store: the command's question, before it is answered with yes, and
    the waits of a watch, which have numbers of their own.
    """

    call: int
    step: Step
    method: str = ""

    def __str__(self) -> str:
        if self.method == "question":
            return f"before the answer: {self.step}"
        if self.method == "wait":
            return f"in wait {self.call}: {self.step}"
        which = f"the first {self.method} from call {self.call} on" if self.method else f"call {self.call}"
        return f"before {which}: {self.step}"


LOOKING = ("versions", "who", "members", "locks", "conflicts", "queue")
AT_ANY_TIME = (*LOOKING, "lock", "unlock", "members remove", "pin")
"""Commands that need no other one of this user's to end first."""


class Run(Struct, frozen=True, tag=True):
    """A user runs a command.

    `crash`: the process dies, as by kill -9, just before its so-manieth change of the disk or the store. `full`: from
    that change on the disk is full. `late`: the local scan comes before the remote one, and the listing before the
    manifest. `often`: saves after every file. `side`: of the trash; "" is both. `to`: the name to restore under.
    `careful`: a cleanup without --force. `number`: which version of those that there are, for how many minutes a lock
    is made, or for how many waits a watch goes on.
    """

    user: str
    verb: str
    policy: str | None = None
    files: tuple[str, ...] = ()
    max_delete: int | None = None
    dry_run: bool = False
    faults: tuple[Fault, ...] = ()
    meanwhile: tuple[Meanwhile, ...] = ()
    crash: int = 0
    full: int = 0
    late: bool = False
    often: bool = False
    side: str = ""
    to: str = ""
    careful: bool = False
    number: int = 0

    @property
    def kind(self) -> str:
        """Its verb without options: `trash empty` and its like are one."""
        return self.verb.partition(" --")[0]

    @property
    def is_beside(self) -> bool:
        """Whether it is about two places, of which one is the project's folder here or its place in the store."""
        return self.kind.partition(" ")[0] in ("organize", "copy", "move")

    @property
    def cleans_here(self) -> bool:
        return self.verb.startswith("cleanup --local")

    @property
    def cleans_there(self) -> bool:
        return self.kind == "cleanup" and not self.cleans_here

    @property
    def locks(self) -> bool:
        """Whether it is alone on its staging folder: a watch is for some of the time."""
        alone = self.kind not in ("copy out", "organize there", *AT_ANY_TIME)
        return not self.dry_run and self.verb not in ("status", "trash list") and alone

    @property
    def brings_back(self) -> bool:
        """Whether it brings older versions into the folder, which are edits then."""
        return self.kind == "down" and self.verb not in ("down", "down --ack")

    @property
    def fetches(self) -> bool:
        """Whether it brings the newest versions into the folder."""
        return self.kind == "sync" or self.verb in ("down", "down --ack", "watch --down")

    @property
    def sends(self) -> bool:
        """Whether it may replace on the remote what its user had before."""
        return self.kind in ("up", "watch", "queue run")

    def __str__(self) -> str:
        words = [f"{self.user} runs {self.verb}", *self.files]
        words += [f"--on-conflict {self.policy}"] if self.policy else []
        words += [f"--max-delete {self.max_delete}"] if self.max_delete is not None else []
        words += [f"--{self.side}"] if self.side else []
        words += [f"--to {self.to}"] if self.to else []
        words += ["without --force"] if self.careful else []
        words += [f"({self.number})"] if self.number else []
        words += ["--dry-run"] if self.dry_run else []
        words += ["(late)"] if self.late else []
        words += ["(often)"] if self.often else []
        words += [f"and dies at change {self.crash}"] if self.crash else []
        words += [f"and the disk is full from change {self.full}"] if self.full else []
        words += [f"with {fault}" for fault in self.faults]
        return " ".join([*words, *(f"\n       {between}" for between in self.meanwhile)])


Step: TypeAlias = (
    Save
    | Remove
    | Rename
    | Touch
    | Empty
    | Forget
    | OtherTool
    | Run
    | Settle
    | RenameClone
    | Ignore
    | Disguise
    | Swap
    | Wait
    | Begin
    | Finish
)
