"""A jail for commands: a desk with canaries around it, and whatever strangers can plant inside.

`Jail` is one person's computer. Everything outside of her clone is a canary: files with an old time of reading, a FIFO
that blocks whoever opens it, a program that leaves a mark when it runs, secrets in the environment and in AWS profiles,
and a server that keeps every byte. `Jail.run` runs a command and looks at all of them; `Jail.run_at` runs it at a store
that she agreed to and that lies.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import sqlite3
import stat
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from s3sync.core.names import STATE_DIR
from s3sync.store.folder import FolderStore
from tests.kit.cameras import frame
from tests.kit.people import PROJECT, REPO, Person, Result
from tests.kit.servers import SeaweedFS
from tests.promises.hostile.false_server import FalseServer, Lie

TOKEN = "Canary7f3aQ9"
"""Stands in everything that must not get out."""
BOUND_S, BOUND_AT_A_LIAR_S = 30, 90
IN_DISGUISE = {base64.b64encode(b"x" * skip + TOKEN.encode())[4 * (skip > 0) : -4] for skip in range(3)} | {
    TOKEN.encode(),
    TOKEN.encode().hex().encode(),
}
"""The canary as it would travel in the clear, in Base64 at each alignment, and in hexadecimal."""
CODES = (0, 1, 2, 3, 4, 5, 6, 7, 8)
OLD_NS, OLDER_NS = 1_500_000_000_000_000_000, 1_400_000_000_000_000_000


class Recorder:
    """A server on this computer that answers all with an error, and keeps every byte that it was sent."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.heard = bytearray()
        self._socket = socket.create_server((host, 0))
        self.address = f"http://{host}:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        body = b"<Error><Code>AccessDenied</Code></Error>"
        answer = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(1)
                self.heard += connection.recv(65536) or b"-"
                connection.sendall(answer)

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def taken(listener: Recorder | FalseServer) -> bytes:
    """What it has heard since this was asked before."""
    heard = bytes(listener.heard)
    del listener.heard[:]
    return heard


class Liar:
    """A bucket whose server lies, with another server beside it and one on another host, which nobody agreed to."""

    def __init__(self, honest: SeaweedFS) -> None:
        self.honest = honest
        self.beside, self.afar = Recorder(), Recorder("127.0.0.2")
        self.server = FalseServer(honest.endpoint_url, [self.beside.address, self.afar.address])
        self.secrets = [key for who in honest.users.values() for key in (who.access_key, who.secret_key)]

    def environment(self, prefix: str) -> dict[str, str]:
        known = self.honest.environment("david")
        return {**known, "S3SYNC_STORE": f"s3://{self.honest.bucket}/{prefix}", "AWS_ENDPOINT_URL": self.server.address}

    def close(self) -> None:
        for one in (self.server, self.beside, self.afar):
            one.close()


class Jail:
    commands = 0
    """That were run in all jails."""

    def __init__(self, root: Path, recorder: Recorder, liar: Liar) -> None:
        self.root, self.recorder, self.liar = root, recorder, liar
        self.prefix = f"jail-{uuid.uuid4().hex}"
        self._met = False
        self.private, self.mark = root / "private", root / "a-program-ran"
        self.store = root / "store"
        self.person = Person("david", root / "desk" / "david", patience_s=BOUND_S)
        self._canaries()
        self.person.staging.mkdir(parents=True)
        FolderStore(self.store, create=True)
        self.person.environ = {
            "S3SYNC_STORE": f"file://{self.store}",
            "S3SYNC_TRUST": "0",
            "SOME_SERVICE": f"{TOKEN}-environment",
            "GITHUB_TOKEN": f"{TOKEN}-github",
            "S3SYNC_PAUSE": "0",
        }
        self.plain = dict(self.person.environ)
        for name in ("a.txt", "b/c.txt", "clip.mp4"):
            self.person.write(name, name * 3)
        own = self.person.root / "home" / ".config" / "s3sync" / "config.yaml"
        own.parent.mkdir(parents=True)
        own.write_text(f"retries: 1\nread_timeout: 5\narchives: {{shots: {self._shots()}}}\n")
        self.person.ok("up")
        self.person.ok("archive", "run")
        self.person.write("a.txt", "edited")
        self.person.ok("sync")

    def _shots(self) -> str:
        """A set of hers whose source lies in the clone, and whose store is on the disk that strangers write to."""
        for name in ("b40/a.txt", "b40/deep/b.txt", "b41/c.txt"):
            file = self.person.repo / "shots" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(name)
        for unit in ("b40", "b41"):
            frame(self.person.repo / "shots" / unit / "m31.fits", {"OBJECT": "M31"})
        FolderStore(self.root / "archived", create=True)
        layout = '"{object}/{id}"'
        source, store = self.person.repo / "shots", f"file://{self.root / 'archived'}"
        return f"{{store: '{store}', source: '{source}', layout: {layout}}}"

    @property
    def staging(self) -> Path:
        return self.person.staging

    def places(self) -> dict[str, Path]:
        """The folders that strangers write to."""
        return {
            "memory": self.staging / STATE_DIR,
            "staging": self.staging,
            "project": self.person.project,
            "other places": self.person.project,
            "repository": self.person.repo,
            "shots": self.person.repo / "shots",
            "archived": self.root / "archived",
            "records": self.store / ".s3sync-store",
            "objects": self.store / REPO / PROJECT,
            "objects of ours": self.store / REPO / ".s3sync",
        }

    # -- what must not change, be read, or get out

    def _canaries(self) -> None:
        for name in ("key", "documents/one", "documents/deep/two", "state.db", ".s3syncignore", "metadata.json"):
            file = self.private / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{TOKEN} {name}\n")
            file.chmod(0o640)
        os.mkfifo(self.private / "pipe", 0o600)
        home = self.person.root / "home"
        (home / ".aws").mkdir(parents=True)
        program = self.root / "program"
        program.write_text(f"#!/bin/sh\ntouch '{self.mark}'\n")
        program.chmod(0o755)
        (home / ".aws" / "config").write_text(
            f"[profile prod]\ncredential_process = {program}\n[profile keys]\nregion = us-east-1\n"
        )
        (home / ".aws" / "credentials").write_text(
            f"[keys]\naws_access_key_id = AKIA{TOKEN.upper()}\naws_secret_access_key = {TOKEN}-secret\n"
        )
        (home / ".bashrc").write_text(f"{TOKEN} rc")
        (self.person.root.parent / "neighbour").write_text(TOKEN)

    def _outside(self) -> dict[str, tuple[object, ...]]:
        """Everything outside of the clone and the store: kind, mode, names, time, content."""
        found: dict[str, tuple[object, ...]] = {}
        home = self.person.root / "home"
        own = (home / ".local", home / ".cache", home / ".config")
        for top in (self.private, home, self.person.root.parent):
            for folder, folders, files in os.walk(top):
                here = Path(folder)
                folders[:] = [name for name in folders if here / name not in own and here / name != self.person.repo]
                found[folder] = (sorted(folders), sorted(files))
                for name in files:
                    found[str(here / name)] = self._of_file(here / name)
        return found

    def _of_file(self, file: Path) -> tuple[object, ...]:
        status = file.lstat()
        held = ""
        if stat.S_ISREG(status.st_mode):
            held = hashlib.sha256(file.read_bytes()).hexdigest()
            if self.private in file.parents:
                os.utime(file, ns=(OLDER_NS, OLD_NS))  # reading it would change the first, wherever that is kept
        return status.st_mode, status.st_nlink, held

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        before = self._outside()
        yield
        for file in self.private.rglob("*"):
            if file.is_file():
                assert file.stat().st_mtime_ns == OLD_NS, f"{file} was written"
                assert file.stat().st_atime_ns == OLDER_NS, f"{file} was read"
        after = self._outside()
        changed = [path for path in {**before, **after} if before.get(path) != after.get(path)]
        assert not changed, f"changed: {changed}"
        assert not self.mark.exists(), "a program ran"
        assert not taken(self.recorder), "a server that nobody agreed to was asked"
        for top in (self.store, self.staging, self.root / "archived"):
            for folder, _, files in os.walk(top) if not top.is_symlink() else ():  # a stranger made it one to a canary
                for name in files:
                    self._holds_no_token(Path(folder, name))

    def _holds_no_token(self, file: Path) -> None:
        status = file.lstat()
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_size < 2**20:
            assert TOKEN.encode() not in file.read_bytes(), f"a secret arrived in {file}"

    def run_at(self, lies: Sequence[Lie], words: Sequence[str]) -> None:
        """One command at the store whose server tells these lies. All that it was sent is looked through."""
        liar, before = self.liar, self.person.environ
        liar.server.elsewhere[2:] = [f"file://{self.private}/key", f"file://{self.private}/pipe"]
        self.person.environ = {**self.plain, **liar.environment(self.prefix)}
        self.person.patience_s = BOUND_AT_A_LIAR_S
        try:
            if not self._met:
                self.run(["up"])
                self._met = True
            liar.server.tell(lies)
            self.run(words, bound_s=BOUND_AT_A_LIAR_S)
        finally:
            liar.server.tell([])
            self.person.environ, self.person.patience_s = before, BOUND_S
        asked, beside, afar = (taken(one) for one in (liar.server, liar.beside, liar.afar))
        assert not [found for found in IN_DISGUISE if found in asked + beside], "a secret was sent"
        assert not [who for who in liar.honest.users.values() if who.secret_key.encode() in asked + beside]
        assert not afar, f"another host was asked: {afar[:500]!r}"
        for secret in [b"uthorization", b"security-token", *map(str.encode, liar.secrets)]:
            assert secret not in beside, "credentials went to another port"

    def run(self, words: Sequence[str], cwd: Path | None = None, bound_s: float = BOUND_S) -> Result:
        """One command, which ends in time, with a documented code, and harms no canary."""
        folder = next((path for path in (cwd, self.person.project, self.person.repo) if path and path.is_dir()), None)
        if words[0] == "init":  # setting up is how to agree to the store that a repository names: she names her own
            words = [*words, "--store", f"file://{self.store}"]
        began = time.monotonic()
        Jail.commands += 1
        with self.unharmed():
            try:
                result = self.person.run(*words, cwd=folder)
            except TimeoutError:
                print(f"jail: {words} hangs")  # what runs next may differ, and Hypothesis then tells of that alone
                raise AssertionError(f"{words} hangs") from None
        assert time.monotonic() - began < bound_s, f"{words} took too long"
        assert result.code in CODES, result
        assert "did not expect" not in result.err + result.out and "Traceback" not in result.err, result
        for secret in (TOKEN, *(who.secret_key for who in self.liar.honest.users.values())):
            assert secret not in result.out + result.err, result
        return result

    # -- what strangers do

    def clear(self, path: Path) -> bool:
        """Make a name free; whether it is one below a folder that is really there."""
        top = next((top for top in (self.person.repo, self.store, self.root / "archived") if top in path.parents), None)
        if top is None or path == self.staging.parent / ".git":
            return False
        folder = path.parent
        while folder != top:
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                return False
            folder = folder.parent
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        return True

    def plant(self, path: Path, kind: str, target: str, body: bytes) -> None:
        """Put something in the place of a file or folder."""
        if not self.clear(path):
            return
        goal = {"nothing": self.private / "fresh", "zero": Path("/dev/zero")}.get(target, self.private / target)
        if kind == "link":
            path.symlink_to(goal)
        elif kind == "relative link":
            path.symlink_to(os.path.relpath(goal, path.parent))
        elif kind == "FIFO":
            os.mkfifo(path)
        elif kind == "socket":
            with socket.socket(socket.AF_UNIX) as made, suppress(OSError):  # a long path cannot have one
                made.bind(str(path))
        elif kind == "folder":
            path.mkdir()
        else:
            path.write_bytes(body)

    def execute(self, statement: str, values: Sequence[object]) -> None:
        """A statement on state.db, if that is still one, and nothing beside it is a FIFO that SQLite would wait for."""
        file = self.staging / STATE_DIR / "state.db"
        beside = [Path(f"{file}{end}") for end in ("-wal", "-shm", "-journal")]
        if file.parent.is_symlink() or not _is_file(file) or not all(map(_is_file, filter(os.path.lexists, beside))):
            return
        with suppress(sqlite3.Error, OverflowError), sqlite3.connect(file, timeout=1) as connection:
            connection.execute(statement, values)
        with suppress(NameError):
            connection.close()


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
