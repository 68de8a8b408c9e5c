"""The promises, judged by what lies where before and after: a model of its own, which asks no code of the program.

A run is judged piece by piece: whenever somebody else acts in between, and when the process dies, what it did so far
must hold as well. Contents stand for bytes: equal digests are equal bytes.
"""

from __future__ import annotations

from collections import defaultdict

from msgspec import Struct, field
from msgspec.structs import replace

from tests.promises.simulator.actions import Run
from tests.promises.simulator.attempt import Attempt, Violation
from tests.promises.simulator.beside import (
    Organized,
    keeps_to_places,
    never_overwrites,
    note_organized,
    taken_out,
)
from tests.promises.simulator.look import Look, Tree
from tests.promises.simulator.sides import as_undone, aside, nothing_unrecorded, verbs_keep_to_their_side
from tests.promises.simulator.together import (
    keeps_to_files,
    locks_kept,
    members_served,
    nothing_half_written,
    receipts_true,
)
from tests.promises.simulator.way_back import (
    Undoable,
    note_undoable,
    remote_deleted_for_good,
    trash_kept,
    undone_here,
)

__all__ = ["Attempt", "Referee", "Violation"]


class Referee(Struct):
    """Watches all disks and one place in a store through the whole story.

    `known` is every content that anybody ever saved. `owed` are those that must be somewhere, because nobody knowingly
    destroyed any copy of them. `had` is what each user's folder ever held under a path, `published` what the remote
    did; `common` the paths that a user's folder and the remote both had and may still remember; `cleaned` those that
    `cleanup --local`, a run with another place or a `move` took out of a user's folder: no wish to see them deleted.
    `ignored` is what each user's rules name, `unwanted` what they ever named, and `forgotten` what they named in the
    last run that came to its end: what then goes was never agreed on. `taken` is what cleanups took from the remote,
    `restored` what each user brought back from a trash and nobody has sent yet, `undoable` each user's last run, and
    `waited` says that days passed, so that runs bring the trash within its limits. `blind` are the users whose disks
    ignore case; if there are any, names that differ only in it may be one file.
    """

    last: Look
    blind: frozenset[str] = frozenset()
    known: set[str] = field(default_factory=set)
    owed: set[str] = field(default_factory=set)
    had: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    published: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    common: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    cleaned: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ignored: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unwanted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    forgotten: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    taken: set[str] = field(default_factory=set)
    taken_versions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    restored: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    undoable: dict[str, Undoable] = field(default_factory=dict)
    waited: bool = False
    selected: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What each user chose to have here; nothing is everything."""
    organized: dict[str, Organized | None] = field(default_factory=dict)

    def of_another_place(self, last: Look) -> Referee:
        """One that shares what is true of all places."""
        return Referee(
            last,
            self.blind,
            self.known,
            self.owed,
            self.had,
            ignored=self.ignored,
            unwanted=self.unwanted,
            waited=self.waited,
            selected=self.selected,
        )

    def is_left_out(self, user: str, path: str) -> bool:
        """Whether a user does not want it here. A name that was there when it was chosen is kept with a slash before
        it, and is that one alone; as in .gitignore, any other without a slash is one in every folder."""
        chosen = [name.replace("\\", "") for name in self.selected.get(user, ())]
        within = ((f"/{path}/", name, f"/{name.strip('/')}/") for name in chosen)
        return bool(chosen) and not any(
            whole.startswith(part) if name.startswith("/") or "/" in name.strip("/") else part in whole
            for whole, name, part in within
        )

    @property
    def folds(self) -> bool:
        return bool(self.blind)

    def key(self, path: str) -> str:
        return path.casefold() if self.folds else path

    def keys(self, tree: Tree) -> set[str]:
        return {self.key(path) for path in tree}

    def own_keys(self, user: str, tree: Tree) -> set[str]:
        """What that user's disk takes for different names."""
        return self.keys(tree) if user in self.blind else set(tree)

    def at(self, tree: Tree, path: str) -> set[str]:
        """What a tree holds under a path, or under one that may be the same."""
        if not self.folds:
            return {tree[path]} if path in tree else set()
        return {held for name, held in tree.items() if self.key(name) == self.key(path)}

    def after_users(self, now: Look) -> None:
        """A person or another tool did something: what they replaced, they meant to replace."""
        before, self.last = self.last, now
        for user in now.work:
            self._give_up(before.work[user], now.work[user])
            self._give_up(before.trash[user], now.trash[user])
        self._give_up(before.remote, now.remote)
        self._remember(now)

    def after_run_elsewhere(self, run: Run, now: Look) -> None:
        """A run worked with another place: what it took out of the folder is no wish about this one."""
        before, self.last = self.last, now
        if before.there() != now.there():
            raise Violation(f"{run.user}'s run changed a place that it did not work with")
        gone = set(map(self.key, taken_out(run, before, now))) - self.keys(now.work[run.user])
        self.cleaned[run.user] |= gone
        self.common[run.user] -= gone
        self._remember(now)

    def after_end(self, attempt: Attempt, code: int | None) -> None:
        """What the base must have forgotten by now, and what it may have learned again. No code: it died."""
        user, run = attempt.run.user, attempt.run
        ignored = {self.key(path) for path in self.ignored.get(user, ())}
        if (undoable := note_undoable(attempt, self.undoable.get(user), self.last, code)) is not None:
            self.undoable[user] = undoable
        self.organized[user] = note_organized(attempt, code, self.last, self.organized.get(user))
        if run.kind not in ("up", "down", "sync", "watch", "queue run") or run.dry_run or run.brings_back:
            return
        self.forgotten[user] &= ignored
        if code in (0, 3, 4) and run.kind not in ("watch", "queue run"):
            self.forgotten[user] |= ignored

    def expect_no_exact_undo(self, user: str) -> None:
        """A watch makes several runs: nobody knows which one is undone in its midst."""
        last = self.undoable.get(user)
        if last is not None:
            self.undoable[user] = replace(last, exact=False)

    def is_ignored(self, user: str, path: str) -> bool:
        names = [self.key(name) for name in self.ignored.get(user, ())]
        return any(f"{self.key(path)}/".startswith(f"{name}/") for name in names)

    def after_piece(self, attempt: Attempt, now: Look) -> None:
        """The program did something, in this run."""
        before, self.last = self.last, now
        for path, content in (*before.remote.items(), *now.remote.items()):
            attempt.remote_had[self.key(path)].add(content)
        self._nothing_torn(now)
        self._others_untouched(attempt, before, now)
        before = as_undone(before, now, attempt.run.user)
        here = self.keys(before.work[attempt.run.user]) - self.keys(now.work[attempt.run.user])
        attempt.deleted += len(here - aside(before, now, attempt.run.user, self.key))
        attempt.deleted += len(self.keys(before.remote) - self.keys(now.remote))
        self._local_kept(attempt, before, now)
        self._remote_kept(attempt, before, now)
        trash_kept(attempt, self.owed, before, now, waited=self.waited)
        verbs_keep_to_their_side(attempt.run, before, now, self.key, waited=self.waited)
        keeps_to_places(attempt.run, before, now)
        never_overwrites(attempt.run, before, now)
        locks_kept(attempt, before, now)
        members_served(attempt, before, now)
        nothing_half_written(attempt, before, now)
        keeps_to_files(attempt, before, now, folds=self.folds)
        self._data_before_metadata(before, now)
        nothing_unrecorded(attempt, before, now)
        user = attempt.run.user
        if attempt.run.cleans_here or attempt.run.is_beside:
            gone = set(map(self.key, taken_out(attempt.run, before, now)))
            self.cleaned[user] |= gone - self.keys(now.work[user])
        if attempt.run.cleans_there:
            self.taken |= before.remote.keys() - now.remote.keys()
            for path in before.remote.keys() - now.remote.keys():
                self.taken_versions[path].add(before.remote[path])
        if attempt.run.kind == "undo" and user in self.undoable:  # its base says again what it said before
            self.common[user] |= self.undoable[user].known
        if attempt.run.kind == "undo" and not self.folds:
            self.cleaned[user] |= undone_here(self.undoable.get(user), before, now, user)
        if (attempt.run.kind == "trash restore" or attempt.run.brings_back) and not self.folds:
            self.restored[user] |= now.work[user].keys() - before.work[user].keys()
        self._remember(now)
        receipts_true(now, self.had, self.key, self.unwanted)
        if lost := self.owed - now.everywhere():
            raise Violation(f"contents are nowhere any more: {sorted(lost)}")

    def _give_up(self, before: Tree, after: Tree) -> None:
        self.owed -= {content for path, content in before.items() if after.get(path) != content}

    def _remember(self, now: Look) -> None:
        for user, work in now.work.items():
            for path, content in work.items():
                self.had[user, self.key(path)].add(content)
            self.common[user] |= self.own_keys(user, work) & self.own_keys(user, now.remote)
            self.cleaned[user] -= self.keys(work)
            self.restored[user] &= work.keys() - now.remote.keys()
        for path, content in now.remote.items():
            self.published[self.key(path)].add(content)
        self.taken -= now.remote.keys()

    def _nothing_torn(self, now: Look) -> None:
        """P1: a path holds the old bytes or complete new ones, on either side."""
        if torn := now.everywhere() - self.known:
            places = {**now.work, **now.trash, "remote": now.remote, "remote trash": now.remote_trash}
            where = [(name, path) for name, place in places.items() for path, held in place.items() if held in torn]
            raise Violation(f"bytes that nobody ever saved: {where}")

    def _others_untouched(self, attempt: Attempt, before: Look, now: Look) -> None:
        for user in now.work:
            if user != attempt.run.user and (before.work[user], before.trash[user]) != (
                now.work[user],
                now.trash[user],
            ):
                raise Violation(f"{attempt.run.user}'s run changed {user}'s disk")

    def _local_kept(self, attempt: Attempt, before: Look, now: Look) -> None:
        """P2: what a run takes from the working folder is in the trash, in a conflict copy, or (cleanup) up there."""
        run, user = attempt.run, attempt.run.user
        work = now.work[user]
        copies = {content for path, content in work.items() if ".conflict-" in path}
        for path, content in before.work[user].items():
            if content in self.at(work, path) or content in copies:
                continue
            was_taken = path in self.taken or path in before.cleaned_up & now.cleaned_up
            gives_way = attempt.had_in_the_way(self.key(path))
            is_cleaned_up = was_taken and not self.at(now.remote, path) and not gives_way
            if content not in self.taken_versions.get(path, {content}):  # an older one, which somebody deleted before
                is_cleaned_up = False
            if run.verb == "sync" and is_cleaned_up:
                raise Violation(f"{path} was cleaned up on the remote, and sync deleted {user}'s copy")
            if run.verb == "sync" and path in self.restored[user] and not gives_way:
                raise Violation(f"{user} restored {path} from a trash, and sync deleted it again")
            if run.kind == "undo" and content in work.values():
                continue
            last = self.undoable.get(user) if run.kind == "undo" else None
            from_trash = last is not None and content in last.before.trash[user].values()  # it goes back there
            if last is not None and last.brought(user, path) == content:  # as a pinned version from another name
                from_trash = True
            if (
                (run.fetches or run.kind == "undo")
                and not from_trash
                and run.policy != "theirs"
                and content not in self.published[self.key(path)]
            ):
                raise Violation(f"{user}'s {path} held {content}, which never was on the remote, and had to give way")
            if content in now.trash[user].values():
                continue
            if run.is_beside and content in {*work.values(), *now.remote.values()}:
                continue
            if run.cleans_here and path not in work and content in attempt.remote_had[self.key(path)]:
                continue
            raise Violation(f"{user}'s {path} held {content}, which is in no trash and in no conflict copy")

    def _remote_kept(self, attempt: Attempt, before: Look, now: Look) -> None:
        """P2, P6: what goes from the remote is in its trash, or there under another name, or was known to the user who
        knowingly replaced it."""
        run, user = attempt.run, attempt.run.user
        for path, content in before.remote.items():
            if content in self.at(now.remote, path):
                continue
            had = self.had[user, self.key(path)]
            known = content in had
            not_meant = self.cleaned[user] | self.forgotten[user]
            if run.verb == "sync" and self.key(path) in not_meant - self.keys(now.remote):
                raise Violation(f"{user} never deleted {path} here: it was cleaned up or ignored, and sync deleted it")
            if (run.sends or run.kind in ("sync", "undo")) and run.policy != "mine" and not known:
                raise Violation(f"the remote's {path} held {content}, which {user} never had, and had to give way")
            if run.verb == "sync" and self.is_left_out(user, path) and path not in before.work[user]:
                raise Violation(f"{user} did not choose {path}, and sync deleted it")
            if content in now.remote_trash.values():
                continue
            if run.is_beside and content in {*now.work[user].values(), *now.remote.values(), *now.beside.values()}:
                continue
            if run.kind in ("sync", "undo", "resolve") and (
                content in now.remote.values() or attempt.robbed_of(content, now)
            ):
                continue
            if run.sends and known and bool(self.at(now.remote, path) & had):
                self.owed.discard(content)
            elif remote_deleted_for_good(attempt, self.owed, path, content, now):
                continue
            elif not attempt.remote_trash_emptied:
                raise Violation(f"the remote's {path} held {content}, which is in no trash, and not with {user}")

    def _data_before_metadata(self, before: Look, now: Look) -> None:
        """P7: what metadata.json newly says of a path is there, or has been."""
        for path, content in now.named.items():
            news = content is not None and before.named.get(path) != content
            if news and content not in self.published[self.key(path)] | self.at(now.remote, path):
                raise Violation(f"metadata.json says that {path} holds {content}, which never was there")
