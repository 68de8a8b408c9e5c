"""Downloads of small files: each is received by itself, and what has come is written, synced and placed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from s3sync.core.effects import Outcome
from s3sync.core.plan import Action, Do
from s3sync.disk.guarded import GuardedFolder
from s3sync.shared.scan import RemoteFile
from s3sync.sync.steps.tools import wanted_of
from s3sync.sync.view import View
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch.small import MOST, SMALL, Batches, Small, land, temp_names
from s3sync.transfer.fetch.wanted import Downloaded, FreeSpace, Temp
from s3sync.transfer.pool import Result
from s3sync.transfer.progress import Work

Done: TypeAlias = Callable[[Result[Outcome]], None]


def is_small_download(action: Action) -> bool:
    return action.do is Do.DOWNLOAD and action.remote is not None and action.remote.size <= SMALL


class _Arrival(NamedTuple):
    """A file that was received, and who is to be told what became of it."""

    action: Action
    remote: RemoteFile
    file: Small
    done: Done


class SmallDownloads:
    """Called by the workers. `finish` gives a verified temp file its name, and says what happened."""

    def __init__(
        self,
        transport: Transport,
        folder: GuardedFolder,
        seen: View,
        finish: Callable[[Action, Downloaded, RemoteFile], Outcome],
    ) -> None:
        self._transport, self._folder, self._seen, self._finish = transport, folder, seen, finish
        self._arrivals = Batches(self._land)
        self._names = temp_names()
        self._looked: tuple[FreeSpace | None, int] = (None, 0)

    def receive(self, action: Action, remote: RemoteFile, done: Done) -> None:
        """Receive one file, or raise. `done` is called once it has its name, perhaps by another worker."""
        progress = self._transport.progress
        wanted = wanted_of(action.path, remote, replaces=action.path in self._seen.here.files)
        file = Small(self._transport, self._room(), wanted, Temp(self._folder, next(self._names)))
        progress.begin(Work.DOWNLOAD, action.path, wanted.size)
        self._arrivals.expect()
        try:
            file.receive()
        except BaseException:
            progress.finish(Work.DOWNLOAD, action.path)
            self._arrivals.give_up()
            raise
        self._arrivals.bring(_Arrival(action, remote, file, done))

    def _room(self) -> FreeSpace:
        """Room on the disk, looked at anew for every few files: those are far smaller than what is kept in reserve."""
        room, uses = self._looked
        if room is None or uses >= MOST:
            room, uses = FreeSpace(self._folder), 0
        self._looked = room, uses + 1
        return room

    def _land(self, arrivals: Sequence[_Arrival]) -> None:
        """Raises nothing: whatever happens is told of each."""
        try:
            landed = land([arrival.file for arrival in arrivals])
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits for the results
            landed = [Result(None, error) for _ in arrivals]
        outcomes = [Result.of(self._placed, pair) for pair in zip(arrivals, landed, strict=True)]
        for arrival, outcome in zip(arrivals, outcomes, strict=True):  # who waits for them is woken once, not for each
            self._transport.progress.finish(Work.DOWNLOAD, arrival.action.path)
            arrival.done(outcome)

    def _placed(self, pair: tuple[_Arrival, Result[Downloaded]]) -> Outcome:
        arrival, one = pair
        return self._finish(arrival.action, one.result(), arrival.remote)
