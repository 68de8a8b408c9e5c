"""Whatever a peer writes into names, users, times and metadata: no terminal obeys it, nothing else is touched."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from s3sync.cli.show.archive_list import print_log
from s3sync.cli.show.cleanup import print_cleanup
from s3sync.cli.show.undo import print_undo
from s3sync.core.archive.records import LogEntry
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers
from s3sync.sync.report import CleanupReport, ProjectAddress
from s3sync.sync.undo import UndoReport
from tests.kit.people import PROJECT, REPO
from tests.kit.proxy import Proxy
from tests.kit.servers import SeaweedFS
from tests.promises.hostile.checks import NASTY, OUR_COLOUR, READING, WRITING, everything, said
from tests.promises.hostile.conftest import Peer
from tests.scenarios.cli.terminal import on_terminal

TRAVERSAL = [
    "../escape",
    "a/../../escape",
    "/tmp/s3sync-escape",
    "..",
    ".s3sync/state.db",
    ".S3SYNC./lock",
    "nul\0",
    "a\\..\\b",
    "C:x",
]


def spoil(peer: Peer) -> None:
    """Every field of metadata.json that is ever shown, with every nasty text in it; and objects to go with it."""
    files: list[dict[str, Any]] = []
    for number, text in enumerate(NASTY.values()):
        body = b"%d" % number
        peer.put(f"{number}.mp4", body)
        files.append(peer.record(f"{number}.mp4", body, uploaded_by=text, uploaded_at=text, modified_at=text))
        files += [peer.record(text, body), peer.record(f"gone/{number}", body, uploaded_by=text)]
        peer.put(f"foreign/{number}.wav", body, **{"uploaded-by": text, "mtime": text, "md5": text})
    files += [peer.record(name) for name in TRAVERSAL]
    texts = list(NASTY.values())
    peer.manifest(
        project_id=texts[0], repo=texts[1], last_sync="\r\n2999-01-01T00:00:00Z\x85", last_sync_by=texts[3],
        write_id=texts[4],
        files=files,
        deleted=[{"name": "old.mp4", "deleted_by": text, "deleted_at": text} for text in texts],
        conflicts=[{"name": text, "kept_as": text, "by": text, "at": text} for text in texts],
        members={text: {"revision": 1, "at": text, "host": text} for text in texts},
    )  # fmt: skip


def test_every_command_with_nasty_texts_everywhere(peer: Peer, tmp_path: Path) -> None:
    david = peer.david
    spoil(peer)
    for number in (0, 3, 6):
        david.write(f"{number}.mp4", "another cut")  # conflicts, with a nasty user on the other side
    store = FolderStore(tmp_path / "store")
    for text in ("a\x1b[666m.mp4", "../up", "\x9b31m\u202e"):
        store.start_upload(f"{REPO}/{PROJECT}/{text}", Headers()) if ".." not in text else None
    outside = everything(tmp_path, (david.staging, tmp_path / "store", david.root / "home"))
    for words in (*READING, *WRITING, ["status", "--json"], ["verify"]):
        said(david.run(*words))
    assert everything(tmp_path, (david.staging, tmp_path / "store", david.root / "home")) == outside
    assert not Path("/tmp/s3sync-escape").exists()
    assert david.read("8.mp4") == b"8" and json.loads(peer.get("metadata.json"))["files"]


def test_on_a_terminal_only_our_own_colours_are_sent(peer: Peer) -> None:
    spoil(peer)
    peer.put("large.mp4", bytes(17 * 1024 * 1024), **{"uploaded-by": NASTY["CSI"]})
    status = on_terminal(peer.david, "status")
    assert "\x1b[33m" in status.out
    assert "\x1b" not in OUR_COLOUR.sub("", status.out)
    down = on_terminal(peer.david, "down")
    for shown in (status.out, down.out):
        assert not re.search("\x1b\\[666|\x1b\\[2J.*red|\x1b\\]|\x07|\x9b|\x9d|\u202e|\u2066|\u2028|\u200b", shown)
    assert "large.mp4" in down.out


ENCODED = [
    *(f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?=" for text in NASTY.values() if len(text) < 500),
    "=?unicode_escape?Q?=5Cud800?=",
    "=?utf-7?Q?+2AA-?=",
    "=?UTF-8?Q?=1B[666m?=",
]


@pytest.mark.seaweedfs
def test_metadata_as_it_really_travels(s3_peer: Peer, seaweedfs: SeaweedFS) -> None:
    """One object with a lone surrogate in its metadata once ended every `up` and `down` of the whole team."""
    for number, value in enumerate(ENCODED):
        s3_peer.put(f"{number}.mp4", b"x", Metadata={"uploaded-by": value, "mtime": value, "md5": value[:30]})
    david = s3_peer.david
    david.write("mine.mp4", "mine")
    keys = [seaweedfs.users["david"].access_key, seaweedfs.users["david"].secret_key]
    for words in (["down"], ["up"], ["verify", "--deep"]):
        said(david.expect(0, *words), *keys)
    status = david.ok("status", "--json")
    said(status, *keys)
    assert status.json["in_sync"] and len(status.json["files"]) == len(ENCODED) + 1


@pytest.mark.seaweedfs
@pytest.mark.parametrize("header", ["x-amz-meta-uploaded-by", "content-type"])
def test_headers_that_no_client_would_send(s3_peer: Peer, seaweedfs: SeaweedFS, header: str) -> None:
    """Raw bytes beyond ASCII, as some servers store them: the one object is reported or carried, the others are."""
    s3_peer.put("odd.mp4", b"odd")
    s3_peer.put("good.mp4", b"good")
    with Proxy(seaweedfs.endpoint_url) as proxy:
        s3_peer.david.environ = {**s3_peer.david.environ, "AWS_ENDPOINT_URL": proxy.endpoint_url}
        for operation in ("HeadObject", "GetObject"):
            proxy.on(operation, "*odd.mp4").response_header(header, "\x9b666m\xe9\xff")
        said(s3_peer.david.expect(0, "down"))
    assert s3_peer.david.files().keys() == {"good.mp4", "odd.mp4"}


@pytest.mark.seaweedfs
def test_what_the_server_says_of_an_error(s3_peer: Peer, seaweedfs: SeaweedFS) -> None:
    """Escapes in it are shown as escapes, secrets that it throws back are masked, and a long one is cut."""
    david, who = s3_peer.david, seaweedfs.users["david"]
    david.write("a.mp4", "a")
    echo = f"key {who.access_key} secret {who.secret_key} \x9b666m\u202e \nerror: forged\n" + "y" * 50_000
    with Proxy(seaweedfs.endpoint_url) as proxy:
        david.environ = {**david.environ, "AWS_ENDPOINT_URL": proxy.endpoint_url}
        for operation, words in (
            ("ListObjectsV2", ["status", "--json"]),
            ("PutObject", ["up", "--debug"]),
            ("ListMultipartUploads", ["transfers"]),
            ("ListMultipartUploads", ["transfers", "--debug"]),
        ):
            rule = proxy.on(operation).reply(403, "AccessDenied", echo)
            result = david.run(*words)
            assert result.code == 1 and "yyy" in result.out + result.err
            said(result, who.access_key, who.secret_key)
            assert len(result.out + result.err) < 20_000
            assert not [line for line in result.err.splitlines() if line.strip().startswith("error: forged")]
            proxy.remove(rule)
    for path in david.root.rglob("*"):
        assert not path.is_file() or who.secret_key.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("unseen", [0x3164, 0x115F, 0x1160, 0x2800, 0xFFA0, 0x034F, 0x17B4, 0x180B, 0xFE0F, 0xE0101])
def test_f57_names_that_differ_look_different(peer: Peer, unseen: int) -> None:
    """The second name has a letter, sign or mark in it that is drawn as nothing."""
    names = ["final cut.mp4", f"final{chr(unseen)} cut.mp4"]
    for name in names:
        peer.put(name, name.encode())
    for words in (["status"], ["down"]):
        shown = peer.david.run(*words).out
        assert chr(unseen) not in shown
        assert names[0] in shown and f"final\\{'u' if unseen < 0x10000 else 'U'}" in shown


def test_no_warning_and_no_entry_of_a_log_begins_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """A server's words stand in a warning about locks, and an older tool's in the log of archives."""
    bad = "x\nSummary: all is well\r\n\x1b[2J"
    place = ProjectAddress("p", "r", "file:///x", Path("/x"))
    print_undo(UndoReport(place, False, warnings=[bad]), quiet=True, verbose=False)
    print_cleanup(CleanupReport(place, "remote", False, warnings=[bad]), quiet=True, verbose=False)
    print_log([LogEntry("2025-11-03T10:00:00Z", bad, bad, "set", bad, "key", 0, bad, bad)], None)
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 and len(err.splitlines()) == 2 and "\x1b" not in out + err
