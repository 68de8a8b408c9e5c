"""A server that speaks the protocol of PostgreSQL, and says what no such server would: by a word of what it does.

`silent before`: nothing, once it was logged in to; `silent after`: nothing at the end of a transaction; `clear`: it
wants the password in clear; `hashes`: it wants it hashed some million times; `copy`: it takes a query for one of COPY;
`no version`: it says none; `other types`: it says that texts are of another type. Else it has one row, `"a"=>"1"`.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import Any, Self

_ENCRYPTED = (80877103, 80877104)
"""Codes with which a client asks for TLS, and for GSSAPI."""
HASHES = 4_000_000
"""Rounds that take a second or two; a server may ask for 500 times as many."""


def _message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _table(*names: bytes) -> bytes:
    kinds = [26 if name.endswith(b"oid") else 25 for name in names]
    about = [struct.pack("!IHIHIH", 0, 0, kind, 0xFFFF, 0xFFFFFFFF, 0) for kind in kinds]
    columns = [name + b"\0" + more for name, more in zip(names, about, strict=True)]
    return _message(b"T", struct.pack("!H", len(names)) + b"".join(columns))


def _row(*cells: bytes) -> bytes:
    told = b"".join(struct.pack("!I", len(cell)) + cell for cell in cells)
    return _message(b"D", struct.pack("!H", len(cells)) + told)


def _ready(state: bytes) -> bytes:
    return _message(b"Z", state)


_DONE = _message(b"C", b"SELECT 1\0")


class FalsePostgres:
    """The server, on a free port of 127.0.0.1. `passwords` are those that it was told."""

    def __init__(self, does: str) -> None:
        self._does, self.passwords = does, list[bytes]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with suppress(OSError, struct.error), line, line.makefile("rb") as said:
            if not self._log_in(line, said):
                return
            asked, is_ours = b"", False
            while kind := said.read(1):
                body = said.read(struct.unpack("!I", said.read(4))[0] - 4)
                asked = body if kind == b"P" else asked
                is_ours = is_ours or b"media" in asked
                if kind == b"Q":
                    line.sendall(self._simple(body, is_ours=is_ours))
                elif kind == b"S":
                    line.sendall(self._extended(asked))

    def _log_in(self, line: socket.socket, said: Any) -> bool:
        while True:
            body = said.read(struct.unpack("!I", said.read(4))[0] - 4)
            code = struct.unpack("!I", body[:4])[0]
            if code == 80877102:  # a query is given up, on a line of its own
                return False
            if code not in _ENCRYPTED:
                break
            line.sendall(b"N")
        if self._does == "clear":
            line.sendall(_message(b"R", struct.pack("!I", 3)))
            if said.read(1) != b"p":
                return False
            self.passwords.append(said.read(struct.unpack("!I", said.read(4))[0] - 4).rstrip(b"\0"))
        if self._does == "hashes":
            self._have_it_hashed(line, said)
            return False
        told = _message(b"S", b"server_version\x0016.0\0") + _message(b"S", b"client_encoding\0UTF8\0")
        line.sendall(_message(b"R", struct.pack("!I", 0)) + told + _ready(b"I"))
        return True

    def _have_it_hashed(self, line: socket.socket, said: Any) -> None:
        """Begin a login by SCRAM (RFC 5802), whose rounds the server chooses: libpq has no limit."""
        line.sendall(_message(b"R", struct.pack("!I", 10) + b"SCRAM-SHA-256\0\0"))
        said.read(1)
        nonce = said.read(struct.unpack("!I", said.read(4))[0] - 4).split(b"r=")[1]
        rounds = b"r=%sx,s=QSXCR+Q6sek8bf92,i=%d" % (nonce, HASHES)
        line.sendall(_message(b"R", struct.pack("!I", 11) + rounds))
        said.read(1)

    def _simple(self, sql: bytes, *, is_ours: bool) -> bytes:
        if self._does == "silent before" or (self._does == "silent after" and is_ours):
            return b""
        if sql.lower().startswith((b"select", b"show")):
            version = b"mine" if self._does == "no version" else b"PostgreSQL 16.0 on x"
            cell = version if b"version" in sql else b"on"
            return _table(b"it") + _row(cell) + _DONE + _ready(b"T")
        parts = _message(b"C", b"SET\0") * len(sql.rstrip(b"\0").split(b";"))
        return parts + _ready(b"I" if sql.startswith((b"COMMIT", b"ROLLBACK")) else b"T")

    def _extended(self, sql: bytes) -> bytes:
        begun = _message(b"1") + _message(b"2")
        if b"media" not in sql:  # what SQLAlchemy looks for first
            types = _row(b"hstore", b"25", b"1009", b"hstore", b",") if self._does == "other types" else b""
            return (
                begun + _table(b"name", b"oid", b"array_oid", b"regtype", b"delimiter") + types + _DONE + _ready(b"T")
            )
        if self._does == "copy":
            return begun + _message(b"G", b"\0\0\0")
        return begun + _table(b"id") + _row(b'"a"=>"1"') + _DONE + _ready(b"T")
