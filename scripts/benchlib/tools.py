"""s3sync and its peers: how each is asked to do the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import uuid
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from benchlib.measure import Command
from tests.kit.people import REPO, Person
from tests.kit.servers import Server


def program(name: str) -> str:
    found = shutil.which(name, path=sysconfig.get_path("scripts"))
    assert found, f"{name} is not in .venv-bench: remove that folder and run scripts/bench"
    return found


class Tool(ABC):
    """One tool with a folder that it sends (`source`) and one that it fills (`target`).

    `fresh` begins anew at an empty place on the server; `fresh_target` with an empty folder.
    """

    name: ClassVar[str]
    source: Path
    target: Path

    @abstractmethod
    def connect(self, endpoint: str) -> None:
        """From now on to this address: the server's, or a proxy's before it."""

    @abstractmethod
    def fresh(self, tag: str) -> None: ...

    def fresh_target(self) -> None:
        """An empty one. What was there is only moved away, up to the end of the job: ext4 gives out no inode of a file
        that was just deleted, and looks for another one 30 times as long as it takes to make a file."""
        if self.target.exists():
            self.target.rename(self.aside / f"{self.target.name}-{uuid.uuid4().hex}")
        self.target.mkdir()

    @property
    @abstractmethod
    def aside(self) -> Path:
        """A folder of the same file system that no command looks into."""

    def empty_target(self) -> None:
        """The same with the old files deleted, of which one can be too large to be kept for each round."""
        shutil.rmtree(self.target, ignore_errors=True)
        self.target.mkdir()

    @property
    @abstractmethod
    def prefix(self) -> str:
        """Where its objects are in the bucket."""

    @abstractmethod
    def up(self) -> Command: ...

    @abstractmethod
    def down(self) -> Command: ...

    def update_up(self) -> Command:
        """Send what changed, without deletions."""
        return self.up()

    def update_down(self) -> Command:
        return self.down()

    @abstractmethod
    def sync_up(self) -> Command:
        """With deletions."""

    @abstractmethod
    def sync_down(self) -> Command: ...

    @abstractmethod
    def look(self) -> Command:
        """Say what is to be done, and do nothing."""

    @abstractmethod
    def version(self) -> Command:
        """The least that it can be asked for."""

    def shown(self, command: Command) -> str:
        """A command as the report has it."""
        text = " ".join([Path(command.argv[0]).name, *command.argv[1:]])
        for found, shown in ((str(self.source), "SOURCE"), (str(self.target), "TARGET"), (self.prefix, "PREFIX/")):
            text = text.replace(found, shown)
        return text

    def version_text(self) -> str:
        command = self.version()
        done = subprocess.run(command.argv, env=dict(command.environ), capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[0].strip()


class Ours(Tool):
    """David sends, Jan receives; each `fresh` is a new project that David's files are moved to."""

    name = "s3sync"

    def __init__(self, server: Server, root: Path) -> None:
        self._people = [Person(name, root / name, server.environment(name)) for name in ("david", "jan")]
        self._store = f"s3://{server.bucket}"
        self._project = "start"
        for person in self._people:
            self._init(person)

    def connect(self, endpoint: str) -> None:
        for person in self._people:
            person.environ = {**person.environ, "AWS_ENDPOINT_URL": endpoint}

    def _init(self, person: Person) -> None:
        person.ok("init", self._project, "--store", self._store, "--user", person.name, "--repo", REPO, cwd=person.repo)
        self._staging(person).mkdir(exist_ok=True)

    def _staging(self, person: Person) -> Path:
        return person.repo / self._project / "s3-staging"

    @property
    def source(self) -> Path:  # type: ignore[override]
        return self._staging(self._people[0])

    @property
    def target(self) -> Path:  # type: ignore[override]
        return self._staging(self._people[1])

    @property
    def prefix(self) -> str:
        return f"{REPO}/{self._project}/"

    def fresh(self, tag: str) -> None:
        before = self.source
        self._project = f"project-{tag}"
        for person in self._people:
            self._init(person)
        shutil.rmtree(before / ".s3sync", ignore_errors=True)
        shutil.rmtree(self.source)
        before.rename(self.source)

    def stranger(self, tag: str) -> None:
        """Become people who know nothing of the store, with the same files and a new place in it."""
        files, environ, root = self.source, self._people[0].environ, self._people[0].root.parent
        self._project = f"strange-{tag}"
        self._people = [
            Person(name, root / f"{name}-{tag}", {**environ, "S3SYNC_STORE": self._store}) for name in ("david", "jan")
        ]
        for folder in (self.source.parent, self.target):
            folder.mkdir(parents=True)
        files.rename(self.source)
        shutil.rmtree(self.source / ".s3sync", ignore_errors=True)

    @property
    def aside(self) -> Path:
        return self._people[1].root

    def _command(self, who: int, *words: str) -> Command:
        person = self._people[who]
        return Command([program("s3sync"), *words], person.env(), person.repo / self._project)

    def up(self) -> Command:
        return self._command(0, "up")

    def down(self) -> Command:
        return self._command(1, "down")

    def sync_up(self) -> Command:
        return self._command(0, "sync")

    def sync_down(self) -> Command:
        return self._command(1, "sync")

    def look(self) -> Command:
        return self._command(0, "status")

    def version(self) -> Command:
        return self._command(0, "--version")


class Peer(Tool):
    def __init__(self, server: Server, root: Path, source: Path | None = None) -> None:
        self._bucket = server.bucket
        self._root = root
        self.source = source or root / "source"
        self.target = root / "target"
        for folder in (self.source, self.target, root / "home"):
            folder.mkdir(parents=True, exist_ok=True)
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(root / "home"),
            **server.environment("david"),
            "S3_ENDPOINT_URL": server.endpoint_url,  # s5cmd's name for it
        }
        self._tag = "start"

    def connect(self, endpoint: str) -> None:
        self._environ["AWS_ENDPOINT_URL"] = self._environ["S3_ENDPOINT_URL"] = endpoint

    @property
    def prefix(self) -> str:
        return f"{self._tag}/"

    def share(self, prefix: str) -> None:
        """Look at what another peer has uploaded."""
        self._tag = prefix.removesuffix("/")

    def fresh(self, tag: str) -> None:
        self._tag = f"{self.name.replace(' ', '')}-{tag}"

    @property
    def aside(self) -> Path:
        return self._root

    def _command(self, *words: str) -> Command:
        return Command([program(words[0]), *words[1:]], self._environ, self._root)

    @property
    def _remote(self) -> str:
        return f"s3://{self._bucket}/{self.prefix}"


class Rclone(Peer):
    name = "rclone"
    flags: ClassVar[tuple[str, ...]] = ("--transfers", "16", "--checkers", "16", "--s3-no-check-bucket")

    def __init__(self, server: Server, root: Path, source: Path | None = None) -> None:
        super().__init__(server, root, source)
        remote = {"TYPE": "s3", "PROVIDER": "SeaweedFS", "ENV_AUTH": "true", "REGION": server.region}
        self._environ |= {f"RCLONE_CONFIG_S3_{name}": value for name, value in remote.items()}
        self._environ["RCLONE_CONFIG"] = "/dev/null"
        self.connect(server.endpoint_url)

    def connect(self, endpoint: str) -> None:
        super().connect(endpoint)
        self._environ["RCLONE_CONFIG_S3_ENDPOINT"] = endpoint

    @property
    def _remote(self) -> str:
        return f"s3:{self._bucket}/{self.prefix}"

    def _rclone(self, verb: str, *words: str) -> Command:
        return self._command("rclone", verb, *words, *self.flags)

    def up(self) -> Command:
        return self._rclone("copy", str(self.source), self._remote)

    def down(self) -> Command:
        return self._rclone("copy", self._remote, str(self.target))

    def sync_up(self) -> Command:
        return self._rclone("sync", str(self.source), self._remote)

    def sync_down(self) -> Command:
        return self._rclone("sync", self._remote, str(self.target))

    def look(self) -> Command:
        return self._rclone("sync", "--dry-run", str(self.source), self._remote)

    def version(self) -> Command:
        return self._command("rclone", "version")


class RcloneChecksum(Rclone):
    """Compares MD5 with ETag, for which the listing is enough; without, it asks for each object's mtime."""

    name = "rclone -c"
    flags = (*Rclone.flags, "-c")


class RcloneTrack(Rclone):
    name = "rclone --track-renames"
    flags = (*Rclone.flags, "--track-renames")


class RcloneBest(Rclone):
    """Many at once, and compared by what the listing tells."""

    name = "rclone best"
    flags = ("--transfers", "128", "--checkers", "128", "--s3-no-check-bucket", "-c", "--fast-list")


class S5cmd(Peer):
    name = "s5cmd"
    flags: ClassVar[tuple[str, ...]] = ()

    def up(self) -> Command:
        return self._s5cmd("cp", f"{self.source}/", self._remote)

    def down(self) -> Command:
        return self._s5cmd("cp", f"{self._remote}*", f"{self.target}/")

    def update_up(self) -> Command:
        return self._s5cmd("sync", f"{self.source}/", self._remote)

    def update_down(self) -> Command:
        return self._s5cmd("sync", f"{self._remote}*", f"{self.target}/")

    def sync_up(self) -> Command:
        return self._s5cmd("sync", "--delete", f"{self.source}/", self._remote)

    def sync_down(self) -> Command:
        return self._s5cmd("sync", "--delete", f"{self._remote}*", f"{self.target}/")

    def look(self) -> Command:
        return self._s5cmd("--dry-run", "sync", f"{self.source}/", self._remote)

    def version(self) -> Command:
        return self._s5cmd("version")

    def _s5cmd(self, *words: str) -> Command:
        return self._command("s5cmd", *self.flags, *words)


class S5cmdBest(S5cmd):
    """Its default is 256 at once."""

    name = "s5cmd best"
    flags = ("--numworkers", "512")


class Aws(Peer):
    name = "aws"

    def up(self) -> Command:
        return self._aws("cp", "--recursive", str(self.source), self._remote)

    def down(self) -> Command:
        return self._aws("cp", "--recursive", self._remote, str(self.target))

    def update_up(self) -> Command:
        return self._aws("sync", str(self.source), self._remote)

    def update_down(self) -> Command:
        return self._aws("sync", "--exact-timestamps", self._remote, str(self.target))

    def sync_up(self) -> Command:
        return self._aws("sync", "--delete", str(self.source), self._remote)

    def sync_down(self) -> Command:
        return self._aws("sync", "--delete", "--exact-timestamps", self._remote, str(self.target))

    def look(self) -> Command:
        return self._aws("sync", "--dryrun", str(self.source), self._remote)

    def version(self) -> Command:
        return self._command("aws", "--version")

    def _aws(self, verb: str, *words: str) -> Command:
        return self._command("aws", "s3", verb, "--only-show-errors", *words)
