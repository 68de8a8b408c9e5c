"""What is killed: each scenario makes a start, and names the command and who runs it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from s3sync.store import open_store
from s3sync.store.options import StoreOptions
from tests.kit.clients import drop, open_inbox
from tests.promises.crash.world import MIB, World, content

LARGE = 8 * MIB + 70_000
"""Two parts, of which the second is short."""


class Scenario(msgspec.Struct, frozen=True):
    """`after` the run that was killed the same command is run again, and ends with one of these codes."""

    name: str
    person: str
    words: tuple[str, ...]
    make: Callable[[World], None]
    codes: frozenset[int] = frozenset({0})
    loses: bool = False
    """Whether it deletes for good, as only cleanup does and what empties a trash."""
    like: str = ""
    """Instead of its first word, what it counts as where each verb is killed (`EACH_VERB`)."""
    before_again: Callable[[World], None] = lambda world: None
    """What passes between the kill and the run after it."""

    @property
    def verb(self) -> str:
        return self.like or self.words[0]

    def __str__(self) -> str:
        return self.name


def _both(world: World) -> None:
    for person in ("david", "jan"):
        world.init(person)


def _share(world: World, **files: bytes) -> None:
    """Files that both have, and that both bases know."""
    for name, data in files.items():
        world.write("david", name.replace("__", "/"), data)
    world.people["david"].ok("up")
    world.people["jan"].ok("down")


def _nothing(world: World) -> None:
    (world.people["david"].repo / ".gitignore").write_bytes(b"*.pyc\n")


def _up(world: World) -> None:
    _both(world)
    _share(world, same=b"same", changed=content("old"), gone=content("gone"), cut__moved=content("moved", MIB + 1))
    world.write("david", "new", content("new"))
    world.write("david", "cut/deep/new", content("deep", 2 * MIB))
    world.write("david", "changed", content("newer"))
    world.write("david", "cut/again", content("moved", MIB + 1))
    world.delete("david", "gone")


def _renamed(world: World) -> None:
    """Files that are worth a copy on the server, whose old names go without one in the trash."""
    _both(world)
    _share(
        world,
        same=b"same",
        cut__film=content("film", MIB + 1),
        large=content("large", 3 * MIB),
        gone=content("gone", MIB),
    )
    for old, new in (("cut/film", "best"), ("large", "cut/large")):
        world.write("david", new, (world.people["david"].staging / old).read_bytes())
        world.delete("david", old)
    world.delete("david", "gone")


def _renamed_and_synced(world: World) -> None:
    _renamed(world)
    world.people["david"].ok("sync")


def _down(world: World) -> None:
    _both(world)
    _share(world, same=b"same", changed=content("old"), cut__gone=content("gone"), away=content("away"))
    world.write("david", "new", content("new"))
    world.write("david", "cut/deep/new", content("deep", 2 * MIB))
    world.write("david", "changed", content("newer"))
    world.delete("david", "away")
    world.people["david"].ok("sync")
    world.delete("jan", "cut/gone")


def _sync(world: World) -> None:
    _both(world)
    _share(
        world, same=b"same", mine=content("m"), theirs=content("t"), cut__here=content("h"), raw__there=content("r"),
        both=content("b"),
    )  # fmt: skip
    world.write("david", "theirs", content("t2"))
    world.write("david", "both", content("b david"))
    world.write("david", "from david", content("d"))
    world.delete("david", "raw/there")
    world.people["david"].ok("sync")
    world.write("jan", "mine", content("m2"))
    world.write("jan", "both", content("b jan"))
    world.write("jan", "from jan", content("j"))
    world.delete("jan", "cut/here")


def _conflict(world: World) -> None:
    _both(world)
    _share(world, same=b"same", both=content("b"))
    world.write("david", "both", content("b david"))
    world.people["david"].ok("up")
    world.write("jan", "both", content("b jan"))


def _kept(world: World) -> None:
    """Both versions are kept, and both have both."""
    _conflict(world)
    world.people["jan"].run("sync")
    world.people["david"].ok("down")


def _cleanup(world: World) -> None:
    _both(world)
    _share(world, one=content("1"), cut__two=content("2"), raw__three=content("3"))
    world.write("david", "one", content("1 newer"))
    world.people["david"].ok("sync")
    world.people["jan"].ok("sync")


def _large_up(world: World) -> None:
    _both(world)
    world.write("david", "large", content("large", LARGE))


def _large_changed(world: World) -> None:
    _both(world)
    _share(world, large=content("large", LARGE))
    data = bytearray(content("large", LARGE))
    data[-3:] = b"new"
    world.write("david", "large", bytes(data))


def _large_down(world: World) -> None:
    _large_up(world)
    world.people["david"].ok("up")


def _large_changed_down(world: World) -> None:
    _large_changed(world)
    world.people["david"].ok("up")


def _large_gone(world: World) -> None:
    _both(world)
    _share(world, large=content("large", LARGE), small=b"small", other=b"other")
    world.delete("david", "large")


def _undo(world: World) -> None:
    _sync(world)
    world.people["jan"].run("sync")


def _restore(world: World) -> None:
    _both(world)
    _share(world, same=b"same", gone=content("gone"), other=b"other")
    world.delete("david", "gone")
    world.people["david"].ok("sync")


def _restore_known(world: World) -> None:
    """What jan restores is in his base, and deleted on the remote: the next sync must not take it away again."""
    _restore(world)
    world.delete("jan", "gone")


def _trashes(world: World) -> None:
    """Old versions in both trashes, one of which exists nowhere else."""
    _cleanup(world)
    world.write("jan", "cut/two", content("2 of jan"))
    world.people["david"].ok("sync")
    world.delete("david", "raw/three")
    world.people["david"].ok("sync")
    world.people["jan"].ok("sync")


def _cleanup_of_deleted(world: World) -> None:
    """Of files of which one is no longer here."""
    _cleanup(world)
    world.write("david", "cut/here", content("here"))
    for person in world.people.values():
        person.ok("sync")
    world.delete("david", "cut/two")


def _partly_cleaned(world: World) -> None:
    _cleanup(world)
    world.people["david"].ok("cleanup", "one", "cut", "--yes")


def _old_trashes(world: World) -> None:
    """Of two months ago, and one version of them also a file: a run may bring the trashes within their limits."""
    _trashes(world)
    world.write("jan", "again", content("1"))
    world.people["jan"].ok("sync")
    for person in world.people:
        world.grow_old(person)
    world.write("jan", "new", content("new"))


def _next_day(world: World) -> None:
    world.forget_look("jan")


def _pinned(world: World) -> None:
    """A pin of versions that were replaced since: they are in the trashes, and one under another name."""
    _both(world)
    _share(world, one=content("1"), two=content("2"), large=content("large", LARGE), moved=content("m"), same=b"same")
    world.people["david"].ok("pin")
    for name in ("one", "two", "large"):
        world.write("david", name, content(f"newer {name}"))
    (world.people["david"].staging / "moved").rename(world.people["david"].staging / "elsewhere")
    for person in ("david", "jan"):
        world.people[person].ok("sync")
    pin = world.people["david"].project / "s3-staging.lock.yaml"
    (world.people["jan"].project / pin.name).write_bytes(pin.read_bytes())
    world.write("jan", "two", content("an edit of jan"))
    world.delete("jan", "same")


def _sent_by_a_client(world: World) -> None:
    """Two files in an inbox, one of which has the name of a file of the project."""
    _both(world)
    _share(world, same=b"same", draft=content("draft"))
    store = open_store(f"file://{world.store}", StoreOptions())
    inbox = open_inbox(store)
    drop(store, inbox, content("client's draft"), "draft", key="1" * 32)
    drop(store, inbox, content("client's film", MIB), "film", key="2" * 32)


def _queued(world: World) -> None:
    """What was put into the queue before others sent something, and files beside it that nobody asked for."""
    _up(world)
    david = world.people["david"]
    david.ok("up", "--queue", "new", "cut")


INIT = ("init", "b63-flivideo", "--store", "{store}", "--user", "david", "--repo", "v-appydave")
CONFLICT = frozenset({0, 4})

SCENARIOS = [
    Scenario("init", "david", INIT, _nothing),
    Scenario("up", "david", ("up",), _up),
    Scenario("down", "jan", ("down",), _down),
    Scenario("sync", "jan", ("sync",), _sync, CONFLICT),
    Scenario("cleanup", "david", ("cleanup", "--yes"), _cleanup, loses=True),
    Scenario("cleanup-local", "jan", ("cleanup", "--local", "--yes"), _cleanup, loses=True),
    Scenario("large-up", "david", ("up",), _large_up),
    Scenario("large-down", "jan", ("down",), _large_down),
    Scenario("undo", "jan", ("undo", "--yes"), _undo, frozenset({0, 3})),
    Scenario("restore", "david", ("trash", "restore", "gone"), _restore, frozenset({0, 5})),
    Scenario("large-gone", "david", ("sync",), _large_gone),
    Scenario(
        "restore-known",
        "jan",
        ("trash", "restore", "gone", "--remote"),
        _restore_known,
        frozenset({0, 5}),
        like="restore known",
    ),
    Scenario("trash-empty", "jan", ("trash", "empty", "--yes"), _trashes, loses=True, like="trash empty"),
    Scenario(
        "trash-empty-remote", "jan", ("trash", "empty", "--remote", "--yes"), _trashes, loses=True, like="empty remote"
    ),
    Scenario("cleanup-part", "david", ("cleanup", "one", "cut", "--yes"), _cleanup_of_deleted, like="cleanup part"),
    Scenario("up-again", "jan", ("up", "--again"), _partly_cleaned, like="up again"),
    Scenario("pinned", "jan", ("down", "--pinned"), _pinned, like="pinned"),
    Scenario("queue-run", "david", ("queue", "run"), _queued, like="queue run"),
    Scenario("received", "jan", ("down",), _sent_by_a_client, like="received"),
    Scenario("retention", "jan", ("sync",), _old_trashes, loses=True, like="retention", before_again=_next_day),
]
"""Together they have every kind of step."""

MORE_SCENARIOS = [
    Scenario("rename", "david", ("sync",), _renamed),
    Scenario("undo-of-rename", "david", ("undo", "--yes"), _renamed_and_synced, frozenset({0, 3})),
    Scenario("mine", "jan", ("up", "--on-conflict", "mine"), _conflict),
    Scenario("theirs", "jan", ("down", "--on-conflict", "theirs"), _conflict),
    Scenario("resolve", "jan", ("resolve", "both", "--mine"), _kept, frozenset({0, 2})),
    Scenario("resolve-theirs", "jan", ("resolve", "both", "--theirs"), _kept, frozenset({0, 2})),
    Scenario("large-changed-up", "david", ("up",), _large_changed),
    Scenario("large-changed-down", "jan", ("down",), _large_changed_down),
    Scenario("large-cleanup", "david", ("cleanup", "--yes"), _large_down, loses=True),
    Scenario("cleanup-trash", "david", ("cleanup", "--trash", "--yes"), _trashes, loses=True),
    Scenario("cleanup-for-good", "david", ("cleanup", "--unseen", "--permanently", "--yes"), _up, loses=True),
    Scenario("cleanup-local-trash", "jan", ("cleanup", "--local", "--trash", "--yes"), _trashes, loses=True),
    Scenario("cleanup-local-part", "jan", ("cleanup", "--local", "cut", "--yes"), _cleanup, loses=True),
    Scenario("undo-of-cleanup", "david", ("undo", "--yes"), _partly_cleaned, frozenset({0, 3})),
]
