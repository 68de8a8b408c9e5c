"""Requests to rclone over its socket: calls with JSON, uploads, and reads of ranges.

Each has a connection of its own, which costs some 50 microseconds on a socket, and a limit on its time. Answers are
bounded. A call that only reads is tried once more if rclone ended meanwhile; one that writes never is.
Source: https://rclone.org/rc/
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Mapping
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from s3sync.decoding import ready
from s3sync.errors import NotAStore, Unreachable
from s3sync.store.bodies import PIECE
from s3sync.store.port import Buffer
from s3sync.store.rclone.daemon import Daemon
from s3sync.store.rclone.failures import failed
from s3sync.store.rclone.items import Said
from s3sync.store.watch import WATCH

CALL_S, LIST_S, WRITE_S = 120.0, 900.0, 600.0
MOST_ANSWER = 4 << 20
MOST_LISTING = 512 << 20
_CONFIG = {"IgnoreTimes": True}
"""Without it rclone takes a file of the same size and time for the same one, and drops what was to replace it."""
_BOUNDARY = "s3sync-7a1f0c55d2"
_T = TypeVar("_T")


class _Line(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("rclone", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Client:
    """Calls for one remote. `longest_s` bounds the time of every call where the user has set one."""

    def __init__(self, daemon: Daemon, remote: str, longest_s: float | None = None) -> None:
        self.daemon, self.remote, self._longest_s = daemon, remote, longest_s

    def ask(
        self,
        command: str,
        what: str,
        kind: type[_T],
        values: Mapping[str, object],
        *,
        lasts: float = CALL_S,
        most: int = MOST_ANSWER,
        reads: bool = True,
    ) -> _T:
        """The answer to a call. `what` says in an error what could not be done. Raises `StoreError`."""
        body = msgspec.json.encode({**values, "_config": _CONFIG})
        head = {"Content-Type": "application/json"}
        try:
            text = self._once(f"/{command}", body, head, what, lasts, most)
        except Unreachable:
            if not reads or self.daemon.is_running():
                raise
            text = self._once(f"/{command}", body, head, what, lasts, most)
        try:
            return msgspec.json.decode(text, type=ready(kind))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise NotAStore(
                what, why="rclone's answer cannot be understood", hint="is it rclone 1.65 or later?"
            ) from None

    def upload(self, fs: str, folder: str, name: str, pieces: Iterator[Buffer], size: int, what: str) -> None:
        """Store bytes as `folder/name`. A body that breaks off stores nothing under that name, or part of it."""
        head = (
            f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name=\"f\"; filename*=UTF-8''{quote(name, safe='')}\r\n"
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
        path = f"/operations/uploadfile?{urlencode({'fs': fs, 'remote': folder})}"
        with WATCH.request(_task(what)), _Errors(self, what, WRITE_S) as line:
            line.putrequest("POST", path)
            line.putheader("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")
            line.putheader("Content-Length", str(len(head) + size + len(tail)))
            line.endheaders()
            try:
                line.send(head)
                for piece in pieces:
                    line.send(piece)
                line.send(tail)
            except (BrokenPipeError, ConnectionResetError):  # it answered before it had everything, and says why
                pass
            self._taken(line.getresponse(), what, MOST_ANSWER)

    def read(self, fs: str, path: str, start: int, stop: int | None, what: str) -> Response:
        """Open an object at a range of bytes."""
        head = {} if start == 0 and stop is None else {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"}
        errors = _Errors(self, what, self._time(CALL_S))
        line = errors.__enter__()
        try:
            line.request("GET", f"/{quote(f'[{fs}]', safe='')}/{quote(path, safe='/')}", headers=head)
            answer = line.getresponse()
            if answer.status not in (200, 206):
                self._taken(answer, what, MOST_ANSWER)
        except BaseException as error:
            errors.__exit__(type(error), error, None)
            raise
        return Response(answer, line, what)

    def _once(self, path: str, body: bytes, head: Mapping[str, str], what: str, lasts: float, most: int) -> bytes:
        with (
            WATCH.request(_task(what)),
            _Errors(self, what, self._time(lasts)) as line,
        ):
            line.request("POST", path, body, dict(head))
            return self._taken(line.getresponse(), what, most)

    def _taken(self, answer: http.client.HTTPResponse, what: str, most: int) -> bytes:
        """The body of an answer. Raises what an answer with an error says."""
        text = answer.read(most + 1)
        if len(text) > most:
            raise NotAStore(what, why=f"rclone's answer has more than {most >> 20} MiB", hint="use smaller projects")
        if answer.length:
            raise http.client.IncompleteRead(text, answer.length)
        if answer.status == 200:
            return text
        try:
            said = msgspec.json.decode(text, type=ready(Said)).error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            said = text[:500].decode("utf-8", "replace")
        if answer.status == 404 and "not found" not in said.lower():
            said = f"object not found: {said}"
        raise failed(what, said, self.remote)

    def _time(self, lasts: float) -> float:
        return lasts if self._longest_s is None else min(lasts, self._longest_s)


class Response:
    """The open answer to a read. To be used inside `with`."""

    def __init__(self, answer: http.client.HTTPResponse, line: http.client.HTTPConnection, what: str) -> None:
        self._answer, self._line, self._what = answer, line, what
        self.length = answer.length

    def pieces(self) -> Iterator[bytes]:
        """Raises `Unreachable` where it breaks off or stands still."""
        try:
            while piece := self._answer.read1(PIECE):
                yield piece
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(self._what, why=f"the answer of rclone broke off ({type(error).__name__})") from None

    def close(self) -> None:
        self._line.close()


class _Errors:
    """A connection; what breaks on it becomes `Unreachable`, with what rclone said last."""

    def __init__(self, client: Client, what: str, lasts: float) -> None:
        self._client, self._what, self._lasts = client, what, lasts
        self._line: _Line | None = None

    def __enter__(self) -> _Line:
        self._line = _Line(self._client.daemon.socket(), self._lasts)
        return self._line

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._line is not None:
            self._line.close()
        if isinstance(error, TimeoutError):
            why = f"rclone did not answer within {self._lasts:g} s"
            raise Unreachable(self._what, why=why, hint="is the network there? `rclone lsd` says more") from None
        if isinstance(error, (OSError, http.client.HTTPException)):
            said = self._client.daemon.said()
            why = f"rclone ended in the middle of it{f': {said}' if said else ''}"
            raise Unreachable(self._what, why=why, hint="run the command again: it starts a new one") from None


def _task(what: str) -> str:
    """What is waited for, of the words for its failure: "could not read 'cut/a.mp4'"."""
    return f"rclone to {what.removeprefix('could not ')}"
