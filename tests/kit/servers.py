"""Real S3 servers on 127.0.0.1 for tests, benchmarks and the demo. Needs no pytest.

    with SeaweedFS() as server:
        server.client("david").put_object(Bucket=server.bucket, Key="hello", Body=b"hi")

Each server is a child process (moto: a thread of this one) with data of its own. It ends with the `with` block, and on
Linux also when this process is killed. `start()` returns once the server has stored and given back an object.
"""

from __future__ import annotations

import functools
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

BUCKET = "shared"
REGION = "us-east-1"
START_DEADLINE_S = 45.0
START_ATTEMPTS = 3

# weed adds 10000 for gRPC; both then stay below 32768, where the ports begin that the system hands out to clients.
PORTS = range(12000, 22000)
GRPC_OFFSET = 10000

# Run as `python -c` before the server, because preexec_fn may deadlock in a process that has threads. On Linux the
# kernel then kills the server when we die; the parent is compared in case we died before it was asked to.
DIE_WITH_PARENT = """
import os, sys
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, 9)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


class ServerFailed(RuntimeError):
    """The server ended, or did not answer in time; the message holds the end of its log."""


@functools.cache
def share_models() -> None:
    """Let all botocore sessions of this process read the description of S3 once: it takes ten times as long as the rest
    of making a client, and hundreds are made."""
    import botocore.session

    botocore.session.create_loader = functools.cache(botocore.session.create_loader)


@dataclass(frozen=True, slots=True)
class Credentials:
    access_key: str
    secret_key: str = field(repr=False)

    @classmethod
    def fresh(cls, user: str) -> Self:
        return cls(f"{user.upper()}{secrets.token_hex(6).upper()}", secrets.token_hex(20))


class Server(ABC):
    """One S3 server with the bucket `bucket`.

    `users` has david and jan (read, write, list); where `has_rights`, also reader (read, list) and stranger (valid
    keys, no rights to the bucket). `admin` may do everything.
    """

    name: ClassVar[str]
    has_rights: ClassVar[bool] = True

    def __init__(self) -> None:
        self.bucket = BUCKET
        self.region = REGION
        self.endpoint_url = ""
        self.users: dict[str, Credentials] = {}
        self.admin = Credentials.fresh("admin")

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def stop(self) -> None:
        """May be called twice."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def client(self, user: str = "david", service: str = "s3") -> Any:
        """A boto3 client of one of `users`, or of `admin`."""
        return self._client(self.admin if user == "admin" else self.users[user], service)

    def environment(self, user: str = "david") -> dict[str, str]:
        """What a program needs in its environment to be this user on this server."""
        who = self.users[user]
        return {
            "AWS_ACCESS_KEY_ID": who.access_key,
            "AWS_SECRET_ACCESS_KEY": who.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _client(self, who: Credentials, service: str = "s3", attempts: int = 3, read_timeout: float = 60) -> Any:
        import boto3
        from botocore.config import Config

        share_models()
        config = Config(
            s3={"addressing_style": "path"},
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=5,
            read_timeout=read_timeout,
        )
        session = boto3.Session(who.access_key, who.secret_key, region_name=self.region)
        return session.client(service, endpoint_url=self.endpoint_url, config=config)


class ProcessServer(Server):
    """A server that is a child process with a data directory (a temporary one unless given) and a log file."""

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__()
        self._given_directory = directory
        self._work: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    @property
    def log(self) -> Path:
        assert self._work is not None, f"{self.name} is not running"
        return self._work / f"{self.name}.log"

    @abstractmethod
    def _command(self, work: Path, data: Path) -> tuple[list[str], dict[str, str]]:
        """The command line and what to add to its environment; sets `endpoint_url` to ports that are free now."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make the users and the bucket; raises while the server is not ready, and then is called again."""

    def start(self) -> None:
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                self._start_once()
                return
            except BaseException as error:
                # Somebody may have taken a port in between. Weed then goes on without its filer instead of ending.
                self.stop()
                if not isinstance(error, ServerFailed) or attempt == START_ATTEMPTS:
                    raise

    def _start_once(self) -> None:
        self._work = work = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        data = self._given_directory or work / "data"
        data.mkdir(parents=True, exist_ok=True)
        argv, environment = self._command(work, data)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-ISc", DIE_WITH_PARENT, str(os.getpid()), *argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_clean_environment() | {"HOME": str(work), "TMPDIR": str(work)} | environment,
                cwd=work,
                start_new_session=True,
            )
        self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        deadline = time.monotonic() + START_DEADLINE_S
        host, port = self.endpoint_url.removeprefix("http://").split(":")
        last: Exception | None = None
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ServerFailed(f"{self.name} ended with code {process.returncode}\n{self._log_tail()}")
            try:
                socket.create_connection((host, int(port)), timeout=1).close()  # boto3's errors are slower to come
                self._prepare()
                self._round_trip()
                return
            except (OSError, HTTPException, BotoCoreError, ClientError) as error:  # or another server has the port
                last = error
                time.sleep(0.05)
        raise ServerFailed(f"{self.name} was not ready after {START_DEADLINE_S:.0f} s: {last}\n{self._log_tail()}")

    def _round_trip(self) -> None:
        client = self._client(self.users["david"], attempts=1, read_timeout=5)
        client.put_object(Bucket=self.bucket, Key="ready", Body=b"ready")
        assert client.get_object(Bucket=self.bucket, Key="ready")["Body"].read() == b"ready"
        client.delete_object(Bucket=self.bucket, Key="ready")

    def _create_bucket(self) -> None:
        from botocore.exceptions import ClientError

        try:
            self._client(self.admin, attempts=1, read_timeout=5).create_bucket(Bucket=self.bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"BucketAlreadyExists", "BucketAlreadyOwnedByYou"}:
                raise

    def _log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """Kills at once, as the data is thrown away (an orderly SeaweedFS takes 4 s)."""
        if self._process is not None:
            if self._process.poll() is None:
                if os.name == "posix":
                    os.killpg(self._process.pid, signal.SIGKILL)  # start_new_session made it a group's leader
                else:
                    self._process.kill()
            self._process.wait(10)
            self._process = None
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)
            self._work = None


class SeaweedFS(ProcessServer):
    """A real distributed store (`weed mini`), with rights for each user."""

    name = "seaweedfs"

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__(directory)
        self._ports: list[int] = []

    def _command(self, work: Path, data: Path) -> tuple[list[str], dict[str, str]]:
        everything = ["Read", "Write", "List", "Tagging"]
        rights = {
            "david": [f"{action}:{self.bucket}" for action in everything],
            "jan": [f"{action}:{self.bucket}" for action in everything],
            "reader": [f"{action}:{self.bucket}" for action in ("Read", "List")],
            "stranger": [f"{action}:elsewhere" for action in everything],
            "admin": ["Admin"],
        }
        self.users = {user: Credentials.fresh(user) for user in rights if user != "admin"}
        keys = self.users | {"admin": self.admin}
        identities = [
            {
                "name": user,
                "credentials": [{"accessKey": keys[user].access_key, "secretKey": keys[user].secret_key}],
                "actions": actions,
            }
            for user, actions in rights.items()
        ]
        config = work / "s3.json"
        config.touch(mode=0o600)
        config.write_text(json.dumps({"identities": identities}))

        self._ports = free_ports(5, GRPC_OFFSET)
        master, volume, filer, s3, admin = self._ports
        self.endpoint_url = f"http://127.0.0.1:{s3}"
        argv = [
            _script("weed"),
            "mini",
            f"-dir={data}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-master.port={master}",
            f"-volume.port={volume}",
            f"-filer.port={filer}",
            f"-s3.port={s3}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.config={config}",
            "-admin.ui=false",
            f"-admin.port={admin}",
            "-webdav=false",
            "-master.telemetry=false",
            "-s3.autoCreateBucket=false",
            "-s3.allowDeleteBucketNotEmpty=false",
        ]
        return argv, {}

    def _prepare(self) -> None:
        self._create_bucket()

    def stop(self) -> None:
        super().stop()
        for port in self._ports:  # weed leaves these behind, wherever TMPDIR points
            for number in (port, port + GRPC_OFFSET):
                for left in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):
                    left.unlink(missing_ok=True)
        self._ports = []


class MiniStack(ProcessServer):
    """An S3 emulator with IAM, KMS, Glacier and verified checksums."""

    name = "ministack"

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__(directory)
        self.admin = Credentials("test", "test")

    def _command(self, work: Path, data: Path) -> tuple[list[str], dict[str, str]]:
        (port,) = free_ports(1)
        self.endpoint_url = f"http://127.0.0.1:{port}"
        environment = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "SERVICES": "s3,iam,sts,kms,budgets",
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(data),
            "AUTH": "true",
        }
        return [_script("ministack")], environment

    def _prepare(self) -> None:
        self._create_bucket()
        read, write = ["s3:Get*", "s3:List*"], ["s3:Put*", "s3:Delete*", "s3:Abort*", "s3:RestoreObject"]
        rights = {"david": read + write, "jan": read + write, "reader": read, "stranger": []}
        iam = self._client(self.admin, "iam", attempts=1, read_timeout=5)
        for user, actions in rights.items():
            if user in self.users:
                continue
            iam.create_user(UserName=user)
            if actions:
                iam.put_user_policy(UserName=user, PolicyName="bucket", PolicyDocument=self._policy(actions))
            key = iam.create_access_key(UserName=user)["AccessKey"]
            self.users[user] = Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    @contextmanager
    def with_odd_keys(self) -> Iterator[Any]:
        """The administrator's client, for keys over which the server's check of rights stumbles.

        They are taken away in the end: while a key with a control character is in a bucket, this server answers 500
        when it is asked for the bucket's policy status or for its versions.
        """
        admin = self.client("admin")
        yield admin
        for page in admin.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for found in page.get("Contents", ()):
                if not found["Key"].isprintable():
                    admin.delete_object(Bucket=self.bucket, Key=found["Key"])

    def _policy(self, actions: list[str]) -> str:
        resources = [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"]
        allow = {"Effect": "Allow", "Action": actions, "Resource": resources}
        return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


class Rclone(ProcessServer):
    """`rclone serve s3`: a server that accepts conditional writes and ignores their conditions. One user, no rights."""

    name = "rclone"
    has_rights = False

    def _command(self, work: Path, data: Path) -> tuple[list[str], dict[str, str]]:
        (port,) = free_ports(1)
        self.endpoint_url = f"http://127.0.0.1:{port}"
        self.users = dict.fromkeys(("david", "jan"), self.admin)
        keys = f"{self.admin.access_key},{self.admin.secret_key}"
        argv = [_script("rclone"), "serve", "s3", "--config", "/dev/null", "--addr", f"127.0.0.1:{port}"]
        return [*argv, "--auth-key", keys, str(data)], {}

    def _prepare(self) -> None:
        self._create_bucket()


class Moto(Server):
    """An S3 emulator in a thread of this process: quick, but it checks neither rights nor checksums."""

    name = "moto"
    has_rights = False

    def __init__(self) -> None:
        super().__init__()
        self._server: Any = None

    def start(self) -> None:
        import logging

        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_ports(1)[0], verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint_url = f"http://{host}:{port}"
        self.users = {user: Credentials.fresh(user) for user in ("david", "jan")}
        self._client(self.admin).create_bucket(Bucket=self.bucket)

    @contextmanager
    def with_new_bucket(self) -> Iterator[Self]:
        """A bucket that one test has to itself: for each listing this server goes through all keys of a bucket, and
        those of a whole suite made a test of two seconds one of twenty."""
        shared, self.bucket = self.bucket, f"{self.bucket}-{secrets.token_hex(8)}"
        try:
            self._client(self.admin).create_bucket(Bucket=self.bucket)
            yield self
        finally:
            self.bucket = shared

    def stop(self) -> None:
        """Also forgets every bucket, which moto keeps per process and not per server."""
        if self._server is not None:
            from moto.moto_api._internal.models import moto_api_backend

            moto_api_backend.reset()
            self._server.stop()
            self._server = None


def free_ports(count: int, also: int = 0) -> list[int]:
    """Ports on 127.0.0.1 that nothing listens on, and (if `also`) whose neighbours at +also are free too.

    Another process may take one before the server binds it; start() then tries again with others.
    """
    candidates = random.SystemRandom().sample(PORTS, len(PORTS))
    found: list[int] = []
    for port in candidates:
        if _is_free(port) and (not also or _is_free(port + also)):
            found.append(port)
            if len(found) == count:
                return found
    raise ServerFailed(f"no {count} free ports between {PORTS.start} and {PORTS.stop}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3"))}


def _script(name: str) -> str:
    """A program that a package installed beside this Python, or on PATH."""
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if found is None:
        raise ServerFailed(f"{name} is not installed: run scripts/bootstrap")
    return found
