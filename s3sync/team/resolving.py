"""`resolve`: decide a conflict. What loses goes to the trash.

A live conflict is decided by a `sync` of that one file, as `--on-conflict` would. A kept one, see `kept_copies.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from s3sync.core.entries import Entry
from s3sync.core.manifest.record import ConflictRecord
from s3sync.core.names import short_text
from s3sync.core.plan import Action, Conflict, Policy, Rule, Step, Verb
from s3sync.core.reconcile import Decision
from s3sync.core.typed import typed
from s3sync.errors import Halt, UsageError
from s3sync.state.intents import Intents
from s3sync.state.memory import StateDB
from s3sync.sync.hooks import HOOKS, Hooks
from s3sync.sync.recover import recover
from s3sync.sync.run import Options, run
from s3sync.sync.scan import scan
from s3sync.sync.select import make_selector, paths_of
from s3sync.sync.session import Session
from s3sync.sync.status import open_state
from s3sync.team.conflicts import Kind, OpenConflict, half_decided, open_conflicts
from s3sync.team.kept_copies import decide_kept, finish_kept
from s3sync.team.resolution import HOW, Choice, Choose, Keep, ResolveReport


def resolve(
    session: Session,
    word: str,
    cwd: Path,
    *,
    keep: str | None = None,
    choose: Choose | None = None,
    dry_run: bool = False,
) -> ResolveReport:
    """Decide the open conflict of a file, or of a copy. `choose` is asked where `keep` (`Keep`) is None.

    Raises `UsageError` where there is none, `Halt` where it cannot be decided so, `StoreError`, ...
    """
    if keep not in list(Keep) and (keep is not None or choose is None):
        hint = f"use one of {', '.join(map(repr, map(str, Keep)))}"
        raise UsageError(f"keep cannot be {keep!r:.80}", why="it is none of the choices", hint=hint)
    user = session.settings.require_user()
    with open_state(session) as state:
        if not dry_run:
            _finish_killed_run(session, state)
        seen = scan(session, state, locks=True)
        paths = paths_of(word, session.project.staging, cwd)
        conflict = _named(list(open_conflicts(seen, user)), paths, word)
        if conflict is None and (begun := _fitting(half_decided(seen, user), paths)):
            return _finished(session, ResolveReport(session.place, begun[0], dry_run, was_decided=True))
        if conflict is None:
            raise _none_open(word, paths, seen.there.stored.manifest.conflicts)
    choice = choose(conflict) if keep is None and choose is not None else _index(conflict, Keep(str(keep)))
    report = ResolveReport(session.place, conflict, dry_run)
    if conflict.kind is Kind.LIVE:
        _decide_live(session, report, choice)
    else:
        decide_kept(session, report, choice)
    return report


def _finish_killed_run(session: Session, state: StateDB) -> None:
    """Have what is shown be what a killed run left: a file that it moved aside would look deleted."""
    if any(Intents(state).moves()):
        with session.lock():
            recover(session, state)


def _finished(session: Session, report: ResolveReport) -> ResolveReport:
    """Do the last step of a run that was killed after the decision."""
    if not report.dry_run:
        finish_kept(session, report)
    return report


def _fitting(found: Iterable[OpenConflict], paths: Iterable[str]) -> list[OpenConflict]:
    """The conflicts of the likeliest path that has any."""
    known = list(found)
    fitting = ([one for one in known if path in (one.name, one.kept_as)] for path in paths)
    return next(filter(None, fitting), [])


def _named(found: list[OpenConflict], paths: list[str], word: str) -> OpenConflict | None:
    """The conflict that is meant. A live one comes first: until it is decided, a copy cannot take the name."""
    fitting = _fitting(found, paths)
    if len(fitting) > 1 and fitting[0].kind is not Kind.LIVE:
        copies = ", ".join(typed(one.kept_as or "") for one in fitting[:5])
        raise UsageError(
            f"{word!r} has {len(fitting)} conflict copies",
            why="each is a conflict of its own",
            hint=f"name the copy that is meant: {copies}",
        )
    return fitting[0] if fitting else None


def _none_open(word: str, paths: Iterable[str], records: Iterable[ConflictRecord]) -> UsageError:
    """Says who decided the last conflict of that file, if it is known."""
    decided = [one for one in records if one.resolved and {one.name, one.kept_as} & set(paths)]
    why, by = "nobody else changed that file, or its conflict was decided", decided[-1].resolved_by if decided else None
    if isinstance(by, str):
        why = f"{short_text(by)} decided it: {HOW.get(str(decided[-1].resolution), 'one version stayed')}"
    hint = (
        "`s3sync conflicts --verbose` shows what is open and what was decided; `s3sync sync` brings both sides together"
    )
    return UsageError(f"no open conflict of {word!r}", why=why, hint=hint)


def _index(conflict: OpenConflict, keep: Keep) -> Choice:
    if keep is Keep.BOTH:
        return None
    if conflict.is_same:
        return 1  # a run that was killed has put the copy under the name already
    fitting = [index for index, version in enumerate(conflict.versions) if version.whose == keep.value]
    if len(fitting) == 1:
        return fitting[0]
    raise Halt(
        f"--{keep} does not say which version of {conflict.name} is meant",
        why="both versions, or none of them, were sent by you",
        hint=f"answer on a terminal: `s3sync resolve {typed(conflict.kept_as or conflict.name)}`; or keep both: --both",
    )


def _decide_live(session: Session, report: ResolveReport, choice: Choice) -> None:
    conflict, decision = report.conflict, report.conflict.decision
    assert decision is not None
    one_is_gone = next((one for one in conflict.versions if one.size_bytes is not None), None)
    if choice is not None and conflict.versions[choice].size_bytes is None:
        whose = conflict.versions[1 - choice].whose
        raise Halt(
            f"{conflict.name} cannot stay deleted in a conflict",
            why="one side deleted the file and the other changed it, and the change always survives",
            hint=f"take the change with --{whose}, and delete the file afterwards",
        )
    policy = {0: Policy.MINE, 1: Policy.THEIRS, None: Policy.KEEP_BOTH}[choice]
    staging = session.project.staging
    own = HOOKS[Verb.SYNC]
    done = run(
        replace(session, told_as="resolve"),
        Verb.SYNC,
        Options(make_selector([str(staging / conflict.name)], staging, staging), policy, dry_run=report.dry_run),
        Hooks((_only_as_shown(decision), *own.rules), own.witnesses),
    )
    report.failed, report.locked, report.warnings = done.failed, done.locked, done.warnings
    settled = next((one for one in done.conflicts if one.name == conflict.name and one.resolution is not None), None)
    if settled is None:
        if not report.failed and not report.locked:
            report.was_changed(conflict.name, "it is not in that conflict any more")
        return
    report.kept_as = settled.kept_as
    if choice is not None:
        report.stays = conflict.versions[choice]
    elif settled.kept_as is None:
        report.stays = one_is_gone


def _only_as_shown(shown: Decision) -> Rule:
    """Rule that drops every action but that of the conflict as it was shown: somebody may have sent a third version."""

    def fits(step: Conflict | Action) -> bool:
        same_here = _is_still(shown.local, step.local)
        return step.path == shown.path and same_here and _is_still(shown.remote, step.remote)

    def rule(steps: Iterator[Step]) -> Iterator[Step]:
        is_shown = False
        for step in steps:
            if isinstance(step, Conflict):
                is_shown = fits(step)
                if is_shown:
                    yield step
            elif not isinstance(step, Action) or (is_shown and fits(step)):
                yield step

    return rule


def _is_still(shown: Entry | None, now: Entry | None) -> bool:
    """True for the same file here, or the same version there."""
    if shown is None or now is None:
        return shown is now
    if None not in (shown.md5, now.md5) and shown.md5 != now.md5:
        return False
    is_version = (shown.size, shown.etag) == (now.size, now.etag)
    return is_version and (shown.etag is not None or shown.mtime_ns == now.mtime_ns)
