"""Remotes of rclone for tests: a folder, memory, and servers of WebDAV and SFTP, which rclone itself provides.

    with Remotes() as remotes:
        open_store(remotes.url("dav", "films"), StoreOptions(env=remotes.environment()))

The servers end with the `with` block, and on Linux also when this process is killed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.kit.servers import DIE_WITH_PARENT, START_ATTEMPTS, START_DEADLINE_S, ServerFailed, _is_free, free_ports

RCLONE = str(Path(sysconfig.get_path("scripts"), "rclone"))
KINDS = ("loc", "mem", "dav", "ssh")
PASSWORD = "test-only"


class Remotes:
    """A configuration of rclone with the remotes `loc` (a folder), `mem`, `dav` and `ssh`.

    `root` has a folder for each of the last two, `loc`'s is wherever a test wants it: its paths are whole ones.
    """

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="s3sync-remotes-"))
        self.config = self.root / "rclone.conf"
        self._servers: list[subprocess.Popen[bytes]] = []
        self._ports = dict[str, int]()

    def address(self, kind: str) -> str:
        """The server of `dav` as its remote names it."""
        return f"http://127.0.0.1:{self._ports[kind]}"

    @contextmanager
    def uncached(self) -> Iterator[str]:
        """One more server of the folder of `dav`, which sees at once what is put there beside it.

        It reads folders again and again, and may go on with that for ever: so it ends with the block.
        """
        port = self._serve("webdav", "dav", "--dir-cache-time", "10ms")
        server = self._servers.pop()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()
            server.wait()

    def guarded(self, user: str) -> str:
        """One more server of that folder, which asks for this user and `PASSWORD`."""
        if "guarded" not in self._ports:
            more = ("--user", user, "--pass", PASSWORD)
            self._ports["guarded"] = self._serve("webdav", "dav", *more)
        return self.address("guarded")

    def url(self, kind: str, path: str) -> str:
        """The address of a store: below a folder of this object's for `loc`."""
        return f"rclone:{kind}:{self.root / 'loc' / path if kind == 'loc' else path}"

    def folder(self, kind: str, path: str) -> Path | None:
        """Folder of this disk that holds what is in such a store; None for memory."""
        return None if kind == "mem" else self.root / kind / path

    def environment(self) -> dict[str, str]:
        """The same for all tests, whatever HOME they have: a process starts one rclone for each environment."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": str(self.root), "RCLONE_CONFIG": str(self.config)}

    def start(self) -> None:
        for kind in ("loc", "dav", "ssh"):
            (self.root / kind).mkdir()
        dav, ssh = self._serve("webdav", "dav"), self._serve("sftp", "ssh", "--user", "u", "--pass", PASSWORD)
        self._ports |= {"dav": dav, "ssh": ssh}
        hidden = subprocess.run(
            [RCLONE, "obscure", PASSWORD], check=True, capture_output=True, text=True
        ).stdout.strip()
        self.config.write_text(
            "[loc]\ntype = local\n\n[mem]\ntype = memory\n\n"
            f"[dav]\ntype = webdav\nurl = {self.address('dav')}\nvendor = other\npacer_min_sleep = 0\n\n"
            f"[ssh]\ntype = sftp\nhost = 127.0.0.1\nport = {ssh}\nuser = u\npass = {hidden}\nshell_type = none\n"
            "disable_hashcheck = true\n"
        )

    def _serve(self, protocol: str, folder: str, *more: str) -> int:
        """The port on which rclone serves a folder."""
        for _ in range(START_ATTEMPTS):
            (port,) = free_ports(1)
            command = [
                RCLONE,
                "serve",
                protocol,
                str(self.root / folder),
                "--addr",
                f"127.0.0.1:{port}",
                "--config",
                os.devnull,
            ]
            server = subprocess.Popen(
                [sys.executable, "-ISc", DIE_WITH_PARENT, str(os.getpid()), *command, *more],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            until = time.monotonic() + START_DEADLINE_S
            while server.poll() is None and time.monotonic() < until:
                if not _is_free(port):
                    self._servers.append(server)
                    return port
                time.sleep(0.02)
            server.kill()
            server.wait()
        raise ServerFailed(f"rclone serve {protocol} did not start")

    def stop(self) -> None:
        for server in self._servers:
            server.kill()
            server.wait()
        self._servers.clear()
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
