"""The dashboard as a value: all that its page shows, of one repository or several. It is JSON as it stands.

Times are RFC 3339 in UTC, sizes are bytes. Names and texts are as others chose them: whoever shows them masks them.
"""

from __future__ import annotations

from msgspec import Struct, field

SCHEMA = 1


class Command(Struct, frozen=True):
    """A command to copy: `label` says what it does. `line` is quoted for a shell, and is for the repository's root."""

    label: str
    line: str


class Held(Struct, frozen=True):
    """Amount of a project in one place. `at` is when the newest of it came there, `where` says more: its class."""

    size_bytes: int
    count: int
    at: str | None = None
    where: str | None = None


class Tiers(Struct):
    """Places of a project: this disk, an SSD, the store's warm classes, and those that have to be thawed."""

    local: Held | None = None
    ssd: Held | None = None
    s3: Held | None = None
    glacier: Held | None = None


class File(Struct, frozen=True, omit_defaults=True):
    """A file: its state as `status` names it, who sent it, and who has it by their receipts.

    `has` and `lacks` are names of members; of the others nothing is known. `picture` is a `data:` address.
    """

    name: str
    size_bytes: int
    state: str
    by: str | None = None
    at: str | None = None
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    picture: str | None = None


class Version(Struct, frozen=True):
    """One of the two versions of a conflict; `whose` is `mine`, `theirs` or None."""

    name: str
    side: str
    size_bytes: int | None
    by: str | None
    at: str | None
    whose: str | None


class Conflict(Struct, frozen=True):
    """A conflict that nobody has decided. `kind` is `live`, or `kept` where both versions were kept."""

    name: str
    kind: str
    kept_as: str | None
    versions: tuple[Version, ...]
    commands: tuple[Command, ...] = ()


class Lock(Struct, frozen=True):
    """A lock that holds. `until` is by the store's clock."""

    name: str
    by: str | None
    is_mine: bool
    until: str | None
    host: str | None = None
    why: str | None = None
    commands: tuple[Command, ...] = ()


class Member(Struct, frozen=True):
    """A member of a project. `has` says whether he has all: `yes`, `no` or `unknown`; `lacks` is how many not."""

    name: str
    at: str
    has: str
    lacks: int = 0
    names: tuple[str, ...] = ()
    host: str | None = None


class Transfer(Struct, frozen=True):
    """A transfer that this computer began and did not finish. `direction` is `up` or `down`."""

    name: str
    direction: str
    done_bytes: int
    size_bytes: int | None
    started_at: str
    commands: tuple[Command, ...] = ()


class Thaw(Struct, frozen=True):
    """A thaw of an archive: `thawing`, `thawed` or `expired`.

    `ready_by` is when it is done at the latest, by what the class and the tier promise; `until` is when a thawed copy
    ends.
    """

    key: str
    unit: str
    state: str
    storage_class: str
    tier: str
    size_bytes: int
    requested_at: str
    ready_by: str | None
    until: str | None
    commands: tuple[Command, ...] = ()


class ShownProject(Struct):
    """A project, or a unit of an archive set. `counts` are the states of its files, `files_left` those not in `files`.

    `problem` is why it could not be looked at. `is_own`: it is known by this user's own archive sets and disk alone.
    """

    name: str
    is_own: bool = False
    here: bool = False
    in_store: bool = False
    folder: str | None = None
    tiers: Tiers = field(default_factory=Tiers)
    counts: dict[str, int] = field(default_factory=dict)
    last_sync_at: str | None = None
    last_sync_by: str | None = None
    problem: str | None = None
    files: list[File] = field(default_factory=list)
    files_left: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    locks: list[Lock] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    thaws: list[Thaw] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)


class SpentMonth(Struct, frozen=True):
    """Costs of a month; `is_whole` is false for the present one. `lacks`: a part of it has no price."""

    month: str
    storage: float
    requests: float
    egress: float
    is_whole: bool
    lacks: bool = False


class CostShare(Struct, frozen=True):
    """Costs of a project in the present month."""

    name: str
    amount: float
    size_bytes: int


class Costs(Struct, frozen=True):
    """Costs of a repository, the oldest month first. `expected` is what the present one will come to.

    `is_billed` is false where all stores are folders. `lacks` names what has no price.
    """

    currency: str
    months: list[SpentMonth] = field(default_factory=list)
    expected: float | None = None
    budget: float | None = None
    shares: list[CostShare] = field(default_factory=list)
    is_billed: bool = True
    lacks: str | None = None
    commands: list[Command] = field(default_factory=list)


class Repository(Struct):
    """Repository. `enter` goes there in a shell. `problem` is why it could not be looked at, `notes` what is amiss."""

    name: str
    store: str | None = None
    root: str | None = None
    enter: str | None = None
    user: str | None = None
    projects: list[ShownProject] = field(default_factory=list)
    costs: Costs | None = None
    notes: list[str] = field(default_factory=list)
    problem: str | None = None

    @property
    def is_whole(self) -> bool:
        """True if everything could be looked at."""
        return self.problem is None and all(project.problem is None for project in self.projects)


class Dashboard(Struct):
    """The dashboard at one moment. `refresh_s` is how often a page may ask for a newer one; None for one that stays.

    `is_public`: it was made for people outside, and lacks what is not for them.
    """

    made_at: str
    repositories: list[Repository] = field(default_factory=list)
    schema: int = SCHEMA
    command: str = "dashboard"
    is_public: bool = False
    refresh_s: float | None = None
    title: str | None = None
    by: str | None = None
    until: str | None = None

    @property
    def exit_code(self) -> int:
        return 0 if all(one.is_whole for one in self.repositories) else 3
