"""Commands to copy. Others chose the names in them, a person pastes them, and a shell runs the line."""

from __future__ import annotations

from collections.abc import Iterable

from s3sync.core.reconcile import State
from s3sync.core.typed import quoted
from s3sync.dashboard.values import Command

_UP = (State.LOCAL_NEW, State.LOCAL_MODIFIED)
_DOWN = (State.REMOTE_NEW, State.REMOTE_MODIFIED, State.LOCAL_DELETED)
LONGEST = 1000
"""Characters of a command. A longer one is typed with a glob."""


def command(label: str, *words: str, named: Iterable[str] = ()) -> tuple[Command, ...]:
    """One command, or none where a name has characters that a terminal obeys when it is pasted.

    `words` may be options with a name, as `--project=NAME`; `named` are arguments that others named.
    """
    named = list(named)
    every = [*words, *named]
    if not all(word.isprintable() for word in every):
        return ()
    ends = ["--"] if any(name.startswith("-") for name in named) else []
    line = " ".join(["s3sync", *map(quoted, words), *ends, *map(quoted, named)])
    return (Command(label, line),) if len(line) <= LONGEST else ()


def enter(root: str) -> str | None:
    """Command that goes to a repository; None where its path, which a clone may bring, has what a terminal obeys."""
    return f"cd {quoted(root)}" if root.isprintable() else None


def of_project(name: str, *, here: bool, in_store: bool, counts: dict[str, int], archived: bool) -> list[Command]:
    """Commands of what waits in a project. None of them deletes anything."""
    found: list[Command] = []
    up, down = (sum(counts.get(state.value, 0) for state in states) for states in (_UP, _DOWN))
    if here:
        if up:
            found += command(f"Upload {up}", "up", named=[name])
        if down:
            found += command(f"Download {down}", "down", named=[name])
        if up and down:
            found += command("Both ways", "sync", named=[name])
        if counts.get(State.CONFLICT):
            found += command("Show its conflicts", "conflicts", f"--project={name}")
        found += command("Say what differs", "status", named=[name])
    elif in_store:
        found += command("Download it", "down", named=[name])
    if archived:
        if not here:
            found += command("Bring it back", "restore", named=[name])
        found += command("Say what is archived", "archive", "show", named=[name])
    if in_store:
        found += command("Who has it", "who", f"--project={name}")
        found += command("What was done", "log", f"--project={name}")
    return found


def of_conflict(project: str, name: str) -> tuple[Command, ...]:
    """Look at both versions, and decide: the command asks."""
    return command("See both, and decide", "resolve", f"--project={project}", "--open", named=[name])


def of_lock(project: str, name: str, *, is_mine: bool) -> tuple[Command, ...]:
    """Release one's own lock. That of somebody else is a matter of asking him."""
    return command("Release it", "unlock", f"--project={project}", named=[name]) if is_mine else ()


def of_transfer(project: str, name: str, direction: str) -> tuple[Command, ...]:
    """Go on with an interrupted transfer, which reuses what was sent."""
    return command("Go on with it", direction, f"--project={project}", named=[name])


def of_thaw(unit: str, state: str) -> tuple[Command, ...]:
    """Ask how a thaw stands, go on with the restore that waited, or thaw again: the command says the price."""
    if state == "expired":
        return command("Thaw it again", "restore", named=[unit])
    if state == "thawed":
        go_on = command("Go on with its restore", "restore", "--resume", named=[unit])
        return (*go_on, *command("Bring it back", "restore", named=[unit]))
    return command("Ask how it stands", "restore", "--status", named=[unit])
