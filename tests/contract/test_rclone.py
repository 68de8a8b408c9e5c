"""rclone as a program: started once, ended with us, and what is said where it is missing, hangs, dies or lies."""

from __future__ import annotations

import http.server
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from threading import Thread

import pytest

from s3sync.errors import ChecksumMismatch, NotAStore, PreconditionFailed, StoreError, Unreachable, Unsupported
from s3sync.store import Store, StoreOptions, Wire, open_store
from s3sync.store.port import Create, Headers, Overwrite
from s3sync.store.rclone import daemon, program
from s3sync.store.rclone.items import Item
from s3sync.store.rclone.program import environment
from s3sync.store.rclone.store import RcloneStore
from tests.contract.stores import keys, md5, noise, put, read
from tests.kit.remotes import Remotes

pytestmark = pytest.mark.rclone


def opened(remotes: Remotes, kind: str = "loc", **more: str) -> Store:
    env = {**remotes.environment(), **more}
    return open_store(remotes.url(kind, uuid.uuid4().hex), StoreOptions(env=env, create=True))


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Store]]:
    """A store whose rclone is a Python program: it is run with the path of its socket in `path`."""

    def make(body: str) -> Store:
        script = tmp_path / "rclone"
        head = f"#!{sys.executable}\nimport os, signal, socket, sys, time\npath = sys.argv[3].removeprefix('unix://')\n"
        head += "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"  # as rclone, which ends at once when it is told to
        script.write_text(head + textwrap.dedent(body))
        script.chmod(0o755)
        monkeypatch.setattr(daemon, "find_rclone", lambda: str(script))
        env = {**os.environ, "RCLONE_CONFIG": str(tmp_path / uuid.uuid4().hex)}
        return open_store("rclone:team:films", StoreOptions(env=env, wire=Wire(read_timeout=1)))

    yield make
    daemon.stop_all()


def test_what_is_replaced_between_the_look_and_the_answer_is_looked_at_again(
    remotes: Remotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the manifest of somebody who writes at the same moment. One version alone is not to be had any more."""
    store = opened(remotes)
    real, left = RcloneStore._found, [b"of three", b"of all others"]

    def found(self: RcloneStore, key: str, what: str) -> Item:
        item = real(self, key, what)
        if left:
            put(store, key, left.pop())
        return item

    put(store, "a", b"first")
    monkeypatch.setattr(RcloneStore, "_found", found)
    assert read(store, "a") == b"of three"
    known = store.head("a").info.etag
    left.append(b"another one")
    with pytest.raises(PreconditionFailed, match="another size"), store.get("a", if_match=known) as reader:
        list(reader)


ANSWER = """
line = socket.socket(socket.AF_UNIX)
line.bind(path)
line.listen(9)
while True:
    one, _ = line.accept()
    if one.recv(65536):
        one.sendall({answer})
        one.shutdown(socket.SHUT_WR)
        one.recv(65536)
    one.close()
"""


def answering(body: bytes, status: int = 200) -> str:
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return ANSWER.format(answer=repr(head + body))


def test_one_for_all_threads_behind_a_socket_of_ones_own(remotes: Remotes) -> None:
    store = opened(remotes)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: put(store, f"{n}"), range(16)))
    assert len(keys(store)) == 16
    path = Path(daemon.daemon_for(remotes.environment()).socket())
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["s"]


def _is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def _child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
def test_it_ends_with_us_however_we_end(remotes: Remotes, how: signal.Signals | None) -> None:
    code = (
        "import sys\nfrom s3sync.store.rclone.daemon import daemon_for\nimport os\n"
        "d = daemon_for(os.environ)\nprint(d.socket(), d._process.pid, flush=True)\nsys.stdin.read()\n"
    )
    ours = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=remotes.environment()
    )
    assert ours.stdin is not None and ours.stdout is not None
    path, pid = ours.stdout.readline().decode().split()
    rclone = _child_of(int(pid))
    assert _is_alive(rclone) and Path(path).exists()
    if how is None:
        ours.stdin.close()
    else:
        ours.send_signal(how)
    ours.wait(30)
    until = time.monotonic() + 30
    while (_is_alive(rclone) or Path(path).parent.exists()) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _is_alive(rclone) and not Path(path).parent.exists()
    ours.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_one_that_died_is_started_again_for_the_next_call(remotes: Remotes) -> None:
    env = {"RCLONE_CONFIG": str(remotes.config), "PATH": os.environ["PATH"], "LANG": uuid.uuid4().hex}
    store = open_store(remotes.url("loc", uuid.uuid4().hex), StoreOptions(env=env, create=True))
    put(store, "a", b"whole")
    running = daemon.daemon_for(env)
    for _ in range(2):
        assert running._process is not None
        os.kill(_child_of(running._process.pid), signal.SIGKILL)
        running._process.wait(30)
        assert read(store, "a") == b"whole"

    class Dying:
        """A body in the middle of which rclone dies."""

        def __len__(self) -> int:
            return 4 << 20

        def read(self, size: int | None = None) -> bytes:
            assert running._process is not None
            if running.is_running():
                os.kill(_child_of(running._process.pid), signal.SIGKILL)
                running._process.wait(30)
            return bytes(size or 0)

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0

        def tell(self) -> int:
            return 0

    with pytest.raises(Unreachable, match="ended in the middle"):
        store.put("a", Dying(), mode=Overwrite(), headers=Headers(), md5=bytes(16))
    assert read(store, "a") == b"whole" and keys(store) == ["a"]


def test_without_any_the_hint_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(program, "distribution", none)
    monkeypatch.setattr(program, "program", lambda name: None)
    store = open_store("rclone:team:films", StoreOptions(env={"RCLONE_CONFIG": os.devnull, "LANG": uuid.uuid4().hex}))
    with pytest.raises(Unsupported, match="no rclone on this computer") as told:
        store.head("a")
    assert told.value.hint and "s3sync-collab[rclone]" in told.value.hint
    monkeypatch.setattr(program, "program", lambda name: "/usr/bin/rclone")
    assert program.find_rclone() == "/usr/bin/rclone"


def test_one_that_ends_at_once_says_what_it_said(fake: Callable[[str], Store]) -> None:
    store = fake("sys.stderr.write('Fatal: flag provided but not defined\\x1b[31m')")
    with pytest.raises(Unreachable, match="flag provided but not defined") as told:
        store.head("a")
    assert "\x1b" not in str(told.value)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ANSWER.format(answer="b'' if time.sleep(30) else b''"), Unreachable),
        (ANSWER.format(answer="b'HTTP/1.1 200 OK\\r\\nContent-Length: 99\\r\\n\\r\\n{'"), Unreachable),
        (ANSWER.format(answer="b''"), Unreachable),
        (answering(b"<html>log in</html>"), NotAStore),
        (answering(b'{"Features": 7}'), NotAStore),
        (answering(b"[" * 100_000), NotAStore),
        (answering(b" " * (5 << 20)), NotAStore),
        (answering(b'{"error": "no \x1b[31mway"}', 500), StoreError),
        (answering(b"\xff\xfe", 502), StoreError),
    ],
    ids=["hangs", "breaks off", "says nothing", "web page", "other types", "deep", "endless", "escape", "bytes"],
)
def test_nonsense_is_one_clear_error(fake: Callable[[str], Store], body: str, expected: type[StoreError]) -> None:
    store = fake(body)
    began = time.monotonic()
    with pytest.raises(expected) as told:
        list(store.list("repo/"))
    assert told.value.why and "\x1b" not in str(told.value)
    assert time.monotonic() - began < 25


def test_a_body_that_is_cut_short_or_another_is_never_seen(remotes: Remotes) -> None:
    """rclone stores what it has of a small body that breaks off: not under the object's name."""
    for kind in ("mem", "loc"):
        store = opened(remotes, kind)
        put(store, "a", b"first")
        with pytest.raises(ChecksumMismatch):
            store.put("a", noise(5000), mode=Overwrite(), headers=Headers(), md5=md5(b"other"))
        assert read(store, "a") == b"first" and keys(store) == ["a"]


def test_only_the_users_own_variables_go_along() -> None:
    env = {
        "PATH": "/bin", "HOME": "/h", "AWS_SECRET_ACCESS_KEY": "x", "S3SYNC_STORE": "y", "LD_PRELOAD": "z",
        "RCLONE_CONFIG": "/h/r.conf", "RCLONE_CONFIG_TEAM_TYPE": "dropbox", "RCLONE_FAST_LIST": "1",
        "RCLONE_RC_ADDR": ":5572", "RCLONE_EXCLUDE": "*.mp4", "RCLONE_MIN_SIZE": "1M", "RCLONE_DRY_RUN": "1",
        "RCLONE_FILTER_FROM": "f", "RCLONE_IGNORE_EXISTING": "1",
    }  # fmt: skip
    assert environment(env) == {
        "PATH": "/bin", "HOME": "/h", "RCLONE_CONFIG": "/h/r.conf", "RCLONE_CONFIG_TEAM_TYPE": "dropbox",
        "RCLONE_FAST_LIST": "1",
    }  # fmt: skip


class _Twins(http.server.BaseHTTPRequestHandler):
    """A WebDAV server whose folder has two files of one name, as a folder of Google Drive may have."""

    def do_PROPFIND(self) -> None:
        def one(path: str, what: str) -> str:
            return (
                f"<d:response><d:href>{path}</d:href><d:propstat><d:status>HTTP/1.1 200 OK</d:status><d:prop>{what}"
                "<d:getlastmodified>Mon, 03 Nov 2025 10:00:00 GMT</d:getlastmodified></d:prop></d:propstat>"
                "</d:response>"
            )

        folder = "<d:resourcetype><d:collection/></d:resourcetype>"
        file = "<d:resourcetype/><d:getcontentlength>{}</d:getcontentlength>"
        path = self.path.rstrip("/") + "/"
        body = one(path, folder) + "".join(one(f"{path}a.mp4", file.format(n)) for n in (1, 2))
        text = f'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">{body}</d:multistatus>'.encode()
        self.send_response(207)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Twins) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        config = tmp_path / "rclone.conf"
        config.write_text(f"[twins]\ntype = webdav\nurl = http://127.0.0.1:{server.server_port}\nvendor = other\n")
        store = open_store("rclone:twins:films", StoreOptions(env={**os.environ, "RCLONE_CONFIG": str(config)}))
        with pytest.raises(StoreError, match=r"two files in rclone:twins:films have the name 'a\.mp4'") as told:
            list(store.list(""))
        assert told.value.hint and "rclone dedupe rename twins:films" in told.value.hint
        server.shutdown()


def test_ids_of_two_files_of_one_name_are_told(fake: Callable[[str], Store]) -> None:
    item = '{"Path":"repo/a","Name":"a","Size":1,"ModTime":"2025-11-03T10:00:00Z","IsDir":false,"ID":"%s"}'
    store = fake(answering(f'{{"Features":{{}},"list":[{item % "1AbC"},{item % "2XyZ"}]}}'.encode()))
    with pytest.raises(StoreError, match="with the ids 1AbC and 2XyZ"):
        list(store.list("repo/"))


def test_hashes_of_the_remotes_own_kind_are_the_version(fake: Callable[[str], Store]) -> None:
    digest = "ab12" * 16
    item = (
        '{"Path":"a","Name":"a","Size":1,"ModTime":"2025-11-03T10:00:00Z","IsDir":false,'
        f'"Hashes":{{"dropbox":"{digest}"}}}}'
    )
    store = fake(answering(f'{{"Features":{{}},"Hashes":["dropbox"],"list":[{item}],"item":{item}}}'.encode()))
    assert [info.etag for info in store.list("")] == [f"dropbox:{digest}"]
    head = store.head("a")
    assert (head.info.etag, head.etag_is_md5) == (f"dropbox:{digest}", False)


def test_an_empty_folder_is_no_obstacle_for_a_file(remotes: Remotes) -> None:
    store = opened(remotes)
    put(store, "cut/deep/a")
    store.delete("cut/deep/a")
    put(store, "cut", b"a file")
    assert read(store, "cut") == b"a file"


def test_another_case_of_a_name_is_refused_where_the_remote_ignores_case(fake: Callable[[str], Store]) -> None:
    item = '{"Path":"cut/A.mp4","Name":"A.mp4","Size":1,"ModTime":"2025-11-03T10:00:00Z","IsDir":false}'
    features = '"Features":{"Move":true,"CaseInsensitive":true}'
    store = fake(answering(f'{{{features},"item":{item},"list":[{item}]}}'.encode()))
    with pytest.raises(StoreError, match=r"ignores case, and has 'cut/A\.mp4'"):
        put(store, "cut/a.mp4", b"x", Create())
    with pytest.raises(PreconditionFailed, match="is there already"):
        put(store, "cut/A.mp4", b"x", Create())


@pytest.mark.parametrize("kind", ["loc", "mem", "dav", "ssh"])
def test_a_new_version_of_the_same_size_and_time_takes_the_place_of_the_old(remotes: Remotes, kind: str) -> None:
    """Left to itself, rclone takes it for the same one, and drops it."""
    store = opened(remotes, kind)
    for body in (b"one", b"two", b"six"):
        put(store, "a", body)
        assert read(store, "a") == body
