"""Strangers write what they like into the clone, s3sync's memory and the store, servers lie: no canary is harmed.

A few examples run with the suite. `S3SYNC_JAIL_MINUTES=30 .venv/bin/pytest tests/promises/hostile/test_jail.py` goes on
with fresh ones; what it finds is shown as the steps that lead there, and S3SYNC_JAIL_SEED goes the same way again.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from s3sync.core.team import lock_id
from tests.kit.people import PROJECT, REPO
from tests.kit.servers import SeaweedFS
from tests.promises.hostile.checks import NASTY
from tests.promises.hostile.false_server import ABOUT, LIES, Lie
from tests.promises.hostile.jail import Jail, Liar, Recorder
from tests.scenarios.cli.test_docs import COMMANDS as ALL_COMMANDS

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs FIFOs and modes"),
    pytest.mark.seaweedfs,
]

MINUTES = float(os.environ.get("S3SYNC_JAIL_MINUTES", "0"))
SEED = int(os.environ.get("S3SYNC_JAIL_SEED") or time.time())

COMMANDS = (
    "status", "status -v", "status --all", "up", "down", "sync", "sync --on-conflict mine", "verify", "verify --deep",
    "cleanup --yes", "cleanup --local --yes", "transfers -v", "transfers --abort-all --yes", "trash list",
    "trash restore a.txt", "trash restore a.txt --to d/e.txt", "trash empty --yes", "undo --yes", "undo --dry-run",
    "doctor", "doctor --fix", "projects", "state", "config", "config set transfers 3", "init --yes", "init other --yes",
    "trust --list", "down --on-conflict theirs --max-delete 99", "up --again", "sync --dry-run --json",
    "log -v", "log a.txt --json", "inbox", "who", "who a.txt", "members -v", "members remove jan", "lock a.txt",
    "unlock a.txt", "unlock --force a.txt b/c.txt", "locks -v", "up --unlock", "versions a.txt -v",
    "down --at 2026-01-01 a.txt", "pin", "down --pinned", "conflicts", "resolve a.txt --both", "share a.txt",
    "hooks install", "hooks status", "hooks uninstall", "hooks run post-merge", "hooks run pre-push", "watch status",
    "projects --everywhere", "archive list", "archive find a", "restore --status", "setup policy",
    "receive --list", "receive --end 0 --discard --yes", "share a.txt clip.mp4 --page", "share --list", "conflicts -v",
    "resolve a.txt --open", "up --dry-run", "state adopt --yes",
    "select", "select a.txt", "select --add b/", "select --all", "up --queue", "up --queue a.txt", "queue", "queue run",
    "queue run --all", "queue clear", "queue clear a.txt", "copy ./s3-staging ./copied", f"copy {PROJECT} ./copied",
    "copy ./copied ./s3-staging", "move ./copied ./moved", "move ./moved ./copied",
    "check ./s3-staging ./copied", "sync ./copied ./moved", "sync ./copied ./moved --delete",
    f"check {PROJECT} ./copied", "organize ./copied ./named --layout {folder}/{stem}-x.{ext}",
    "organize ./named ./copied --layout {name} --move --yes", "organize --undo --yes", "organize --undo --dry-run",
    "keys", "keys create", "keys me", "dashboard --json", "dashboard --publish --dry-run", "cost --json", "repos",
    "repos add --name films .", "receive", "receive --list --json", "pin a.txt", "share a.txt --json",
    "archive run", "archive run b40 --replace", "archive run --delete-local --yes", "archive verify --all --deep",
    "archive show b40", "archive stats", "archive cost", "archive analyze", "archive log", "archive poll --finish",
    "archive catalogue rebuild", "archive catalogue check", "archive catalogue prune --yes",
    "archive adopt --set shots",
    "archive adopt --set shots --dry-run", "archive import .video-tools.env", "archive import x --dry-run",
    "archive init --preset sessions --store file://elsewhere", "archive lifecycle diff",
    "archive transition b40 --to STANDARD",
    "archive remove b40 --yes", "archive auto", "archive auto status", "archive auto install", "archive auto uninstall",
    "restore b40 --to back", "restore b40", "restore b40 --member a.txt --to back", "completion bash",
    "config get store", "config show", "config unset transfers",
    "keys list", "keys add jan x", "keys export shots/key", "keys import", "keys import shots/key",
    "keys remove jan --yes",
    "members list", "notify show", "notify test", "queue list", "repos list", "repos forget films",
    "setup bucket --yes",
    "setup budget --dry-run", "setup check", "setup member jan --dry-run", "state list", "state forget v --yes",
    "watch install", "watch uninstall", "watch install --down", "dashboard --out s.html", "cost --detailed",
)  # fmt: skip
NOT_RUN = {"watch run": "it ends with the person: what it runs are `up` and `down`"}
HERE_ALONE = ("config", "state", "init", "trust", "hooks", "setup bucket")
"""Verbs that ask no server, or would set up the bucket that other tests share."""
TALKING = [words for words in COMMANDS if not words.startswith(HERE_ALONE)]
LARGE = 17 * 2**20
INBOX = "0" * 32
ENTRY = f"inbox/{PROJECT}/{INBOX}/{'a' * 32}"
LOCK, EVENTS = f"locks/{PROJECT}/{lock_id('a.txt')}", f"events/{PROJECT}/2026-01.jsonl"
NAMES = {
    "memory": ("", "state.db", "state.db-wal", "state.db-shm", "state.db-journal", "lock", "lock.json", "partial",
               "trash", "trash/x", "trash/20260101T000000Z", "trash/20260101T000000Z/a.txt", "partial/" + "a" * 32,
               "tmp", "state.corrupt-x.db", "state.other.db", "state.between.db", "metadata.json", "metadata.json.new"),
    "staging": ("a.txt", "b", "b/c.txt", "d", "d/e.txt", ".s3syncignore", "metadata.json", "a.txt.s3sync", "new.txt"),
    "project": ("s3-staging", ".video-tools.env", ".s3sync.yaml", "x", "s3-staging/b", "s3-staging.lock.yaml"),
    "other places": ("copied", "copied/a.txt", "copied/.s3sync", "copied/.s3sync/partial", "copied/.s3sync/trash",
                     "copied/.s3sync/state.db", "copied/.s3sync/lock", "moved", "moved/.s3sync", "moved/b",
                     "moved/clip.mp4", "named", "named/a-x.txt", "copied/.s3sync-store", "copied/metadata.json"),
    "repository": (".s3sync.yaml", ".video-tools.env", ".s3syncignore", ".gitignore", "other", "other/s3-staging",
                   ".git/index", ".git/config", ".git/HEAD", ".git", ".git/hooks", ".git/hooks/post-merge",
                   ".git/hooks/pre-commit.before-s3sync"),
    "shots": ("", "b40", "b40/a.txt", "b40/deep", "b40/m31.fits", "b41", "b41/c.txt", "b42", "b42/x.jpg", "b42/x.heic",
              "b42/x.mov", "b42/x.fits.gz", "b42/.s3sync", "key", "b40/.git", "b43"),
    "archived": ("", "M31", "M31/b40.tar", "M31/b40.tar.index.json", "M31/b41.tar", "M31/b41.tar.index.json", "x.tar",
                 ".s3sync-store", ".s3sync-store/tmp", ".s3sync-store/store.json", ".s3sync-store/uploads"),
    "records": ("", "store.json", "tmp", "records", "uploads", "locks", "records/aa", "tmp/old", "uploads/x"),
    "objects": ("", "metadata.json", "a.txt", "b", "b/c.txt", "evil.txt", ".git/config", ".s3sync.yaml", "HEAD"),
    "objects of ours": ("", "parts", "trash", "parts/" + PROJECT, "trash/" + PROJECT, f"trash/{PROJECT}/../x",
                        f"trash/{PROJECT}/20260101T000000Z/a.txt", f"trash/{PROJECT}/20260101T000000Z/.git/config",
                        "locks", f"locks/{PROJECT}", LOCK, f"locks/{PROJECT}/{'0' * 64}", f"events/{PROJECT}", EVENTS,
                        f"events/{PROJECT}/0000-00.jsonl", "inbox", f"inbox/{PROJECT}", f"inbox/{PROJECT}/{INBOX}",
                        ENTRY, f"shares/{PROJECT}", f"shares/{PROJECT}/20990101T000000Z-0000000a.html"),
}  # fmt: skip
WORDS = (
    "a.txt", "b/c.txt", "../x", "../../../../private/key", ".git/config", ".s3sync/state.db", "/etc/passwd", "", ".",
    "a" * 32, "A.TXT", "\x1b[2J", "\u202e", "x" * 300, f"{REPO}/{PROJECT}/a.txt", f"{REPO}/other/a.txt", "up", "down",
    "conflict", "delete", "did", "2026-01-01T00:00:00Z", "9999-99-99", "[null,null]", "[]", "{}", "null", "0" * 32,
)  # fmt: skip
TABLES = {
    "base": 5, "digest": 7, "parts": 5, "transfer": 10, "transferred": 5, "intent": 4, "fact": 2, "place": 7,
}  # fmt: skip
TARGETS = ("key", "documents", "documents/one", "pipe", "nothing", "zero", "state.db", "metadata.json")

names = st.sampled_from([(place, name) for place, found in NAMES.items() for name in found])
words = st.sampled_from(WORDS) | st.text(max_size=20)
numbers = st.sampled_from([0, 1, 5, -1, 2**31, 2**63 - 1, -(2**63)])
cells: st.SearchStrategy[Any] = words | numbers | st.none() | st.binary(max_size=8) | st.floats(allow_nan=True)
values: st.SearchStrategy[Any] = st.recursive(
    words | numbers | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
INTENT_FIELDS = ("name", "kept_as", "by", "at", "stood_as", "mine", "arrived", "path", "kind", "verb", "do", "stamp",
                 "before", "after", "local", "remote", "in_remote_trash", "record")  # fmt: skip
MANIFEST_FIELDS = ("files", "conflicts", "deleted", "cleaned", "members", "schema", "version", "write_id", "project",
                   "events", "receipts", "revision", "inboxes", "arriving")  # fmt: skip
INDEX_FIELDS = ("format", "key", "unit", "members", "sidecars", "pack", "set", "size", "fields", "store")
MEMBER_FIELDS = ("path", "kind", "size", "mode", "mtime_ns", "sha256", "target", "offset", "key")
OF_ARCHIVES = [words for words in COMMANDS if words.split()[0] in ("archive", "restore")]
TEAM: dict[str, tuple[tuple[str, str], dict[str, Any]]] = {
    "lock": (("objects of ours", LOCK), {"schema": 1, "name": "a.txt", "by": "jan", "for_s": 3600, "nonce": "x"}),
    "event": (("objects of ours", EVENTS), {"schema": 1, "id": "e", "at": "2026-01-01T00:00:00Z", "by": "jan",
              "verb": "up", "files": [{"name": "a.txt", "did": "sent"}], "counts": {"sent": 1}}),
    "pin": (("project", "s3-staging.lock.yaml"), {"name": "a.txt", "size": 1, "md5": "0" * 32}),
}  # fmt: skip
"""What people together write, each with its place and a sound one."""
SETTINGS = (
    "store: file://{private}", "store: s3://bucket/{token}", "endpoint_url: {server}", "profile: prod",
    "profile: keys", "Profile: prod", "ENDPOINT_URL: {server}", "staging: ../..", "staging: .git", "staging: private",
    "repo: ../x", "repo: films", "project: .git", "project: film", "ignore: ['!*']", "ignore: ['*']",
    "transfers: 0xffffffff", "transfers: 3", "bwlimit: 1:2:3", "user: {server}", "ca_bundle: {private}/key",
    "proxy: {server}", "region: us-east-1", "credentials: env", "store: &x [*x]", "sse: aws:kms",
    "kms_key_id: arn:aws:kms:us-east-1:1:key/x", "store: az://account/films", "store: gs://bucket", "provider: gcs",
    "store: 'rclone:x:films'", "credentials_path: {private}/key", "credentials_env: GITHUB_TOKEN", "notify: '{server}'",
    "addressing: virtual", "accelerate: yes", "encrypt: yes", "storage_class: DEEP_ARCHIVE",
    "receipts: {{readers: ack}}",
    "archives: {{x: {{store: 'file://{private}', source: shots}}}}",
    "archives: {{x: {{store: s3://bucket, source: ../..}}}}",
    "archives: {{x: {{store: s3://bucket, source: '{private}'}}}}",
    "archives: {{x: {{store: s3://bucket, source: .git}}}}",
    "archives: {{shots: {{store: s3://bucket, source: shots, delete_local: after_verify}}}}",
    "prices: {{x: {{us-east-1: {{storage: -1}}}}}}", "costs: {{budget: .inf}}", "hooks: {{large: 1e99}}",
    "trash: {{last_copies: true}}", "notices: {{words: {{sent: '{server}'}}}}",
)  # fmt: skip
ENV_LINES = (
    "S3SYNC_STORE=s3://bucket", "S3_COLLAB_BUCKET=bucket", "AWS_PROFILE=prod", "export AWS_PROFILE='keys'",
    "AWS_CONFIG_FILE={private}/key", "aws_config_file={private}/key", "AWS_ENDPOINT_URL_S3={server}",
    "HTTPS_PROXY={server}", "S3_SYNC_USER=${{GITHUB_TOKEN}}", 'S3_SYNC_USER="$SOME_SERVICE"', "S3SYNC_TRUST=1",
    "S3_COLLAB_PREFIX=../..", "AWS_ACCESS_KEY_ID=AKIA0000000000000000", "AWS_SECRET_ACCESS_KEY=x", "\0", "x\r\n", "=",
    "S3SYNC_STORE=file://{private}", "S3_COLLAB_BUCKET=`cat {private}/key`",
)  # fmt: skip

WORDS_OF_SERVERS = (
    "../../../../private/fresh", "/etc/x", ".git/config", ".s3sync/state.db", "HEAD", ".envrc", "d/../../x", "a.txt/x",
    "b",
    "A.txt", "metadata.json", ".s3syncignore", "x" * 3000, "AccessDenied", "NoSuchKey", "NoSuchBucket", "SlowDown",
    "PreconditionFailed", "InternalError", "RequestTimeout", "ExpiredToken", "NoSuchUpload", "PermanentRedirect", "",
    *(text[:5000] for text in NASTY.values()),
)  # fmt: skip


def composed(fields: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(fields), values, max_size=8)


wishes = st.builds(lambda word: json.dumps({"word": word, "at": "2026-01-01T00:00:00Z"}), words)
OF_ROWS = ("queue", "queue run", "queue clear", "queue run --all", "select --all", "sync", "down", "select a.txt")
manifests = composed(MANIFEST_FIELDS).map(lambda found: json.dumps(found))
lies = st.builds(
    Lie,
    about=st.sampled_from(ABOUT) | st.just(""),
    kind=st.sampled_from(sorted(LIES)),
    word=st.sampled_from(WORDS_OF_SERVERS) | manifests | words,
    number=st.integers(0, 19)  # picks statuses and places of redirects
    | st.sampled_from([200, 204, 206, 301, 304, 307, 400, 403, 404, 409, 412, 416, 429, 500, 503, 2**31, 2**63, -1]),
    passing=st.sampled_from([0, 0, 0, 1, 2, 3]),
)  # fmt: skip


class Strangers(RuleBasedStateMachine):
    """Each rule is what one of them does, or a command of the person whose clone it is."""

    recorder: Recorder
    liar: Liar

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="s3sync-jail-"))
        self.jail = Jail(self.folder, self.recorder, self.liar)

    def teardown(self) -> None:
        self._open_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open_all(self) -> None:
        for folder, _, _ in os.walk(self.folder):
            with suppress(OSError):
                Path(folder).chmod(0o700)

    @rule(command=st.sampled_from(COMMANDS), where=st.sampled_from(["project", "staging", "repository"]))
    def command(self, command: str, where: str) -> None:
        self.jail.run(command.split(), self.jail.places()[where])

    @rule(
        at=names,
        kind=st.sampled_from(["link", "relative link", "link", "FIFO", "socket", "folder", "bytes"]),
        goal=st.sampled_from(TARGETS),
        body=st.binary(max_size=40) | words.map(lambda word: word.encode("utf-8", "replace")),
        command=st.sampled_from(COMMANDS),
    )
    def plant(self, at: tuple[str, str], kind: str, goal: str, body: bytes, command: str) -> None:
        self.jail.plant(self.jail.places()[at[0]] / at[1], kind, goal, body)
        self.jail.run(command.split())

    @rule(table=st.sampled_from(sorted(TABLES)), data=st.data(), command=st.sampled_from(COMMANDS))
    def row(self, table: str, data: st.DataObject, command: str) -> None:
        row = data.draw(st.lists(cells, min_size=TABLES[table], max_size=TABLES[table]))
        if table != "place" and row:
            row[0] = 1
        self.jail.execute(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        self.jail.run(command.split())

    @rule(
        kind=st.sampled_from(["conflict", "delete", "did", "decided"]),
        name=words,
        value=composed(INTENT_FIELDS),
        command=st.sampled_from(COMMANDS),
    )
    def intent(self, kind: str, name: str, value: dict[str, Any], command: str) -> None:
        whole = {"name": "a.txt", "kept_as": "b/c.txt", "by": "", "at": "", "path": "a.txt", "kind": "fetched",
                 "verb": "sync", "do": "download", "stamp": "20260101T000000Z", **value}  # fmt: skip
        self.jail.execute("INSERT OR REPLACE INTO intent VALUES (1, ?, ?, ?)", (kind, name, json.dumps(whole)))
        self.jail.run(command.split())

    @rule(
        beginning=st.sampled_from(["queued to go up: ", "selected ", "selected 00"]),
        name=words,
        value=words | st.sampled_from(["a\\", "!*", "*/**/**/**/x"]) | wishes,
        commands=st.lists(st.sampled_from([*OF_ROWS, *COMMANDS]), min_size=1, max_size=3),
    )
    def fact(self, beginning: str, name: str, value: str, commands: list[str]) -> None:
        """What waits, and what is selected."""
        self.jail.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (beginning + name, value))
        for command in commands:
            self.jail.run(command.split())

    @rule(
        lines=st.lists(st.sampled_from(SETTINGS), max_size=3),
        env=st.lists(st.sampled_from(ENV_LINES), max_size=3),
        where=st.sampled_from(["repository", "project", "staging"]),
        says=st.booleans(),
        command=st.sampled_from(COMMANDS),
    )
    def settings(self, lines: list[str], env: list[str], where: str, says: bool, command: str) -> None:
        """`says`: she names her store herself; otherwise the files of the repository may name one."""
        folder = self.jail.places()[where]
        known = {"private": self.jail.private, "server": self.recorder.address, "token": "films"}
        for name, told in ((".s3sync.yaml", lines), (".video-tools.env", env)):
            if told:
                text = "\n".join(line.format(**known) for line in told)
                self.jail.plant(folder / name, "bytes", "", text.encode())
        self.jail.person.environ = {
            name: value for name, value in self.jail.plain.items() if says or name != "S3SYNC_STORE"
        }
        self.jail.run(command.split())

    @rule(
        unit=st.sampled_from(["b40", "b41"]),
        fields=composed(INDEX_FIELDS),
        member=st.dictionaries(st.sampled_from(MEMBER_FIELDS), values, max_size=3),
        commands=st.lists(st.sampled_from(OF_ARCHIVES), min_size=1, max_size=3),
    )
    def index(self, unit: str, fields: dict[str, Any], member: dict[str, Any], commands: list[str]) -> None:
        """What an archive says of itself."""
        place = self.jail.places()["archived"] / "M31" / f"{unit}.tar.index.json"
        if place.is_file() and not place.is_symlink():
            said = {**json.loads(place.read_bytes()), **fields}
            if isinstance(said.get("members"), list) and said["members"] and isinstance(said["members"][0], dict):
                said["members"][0] |= member
            self.jail.plant(place, "bytes", "", json.dumps(said).encode())
        for command in commands:
            self.jail.run(command.split())

    @rule(value=composed(MANIFEST_FIELDS), command=st.sampled_from(COMMANDS))
    def manifest(self, value: dict[str, Any], command: str) -> None:
        place = self.jail.places()["objects"]
        if place.is_dir() and not place.is_symlink():
            self.jail.plant(place / "metadata.json", "bytes", "", json.dumps(value).encode())
        self.jail.run(command.split())

    @rule(
        inbox=st.dictionaries(st.sampled_from(["by", "at", "until", "ended", "x"]), values, max_size=2),
        claim=st.dictionaries(st.sampled_from(["etag", "name", "done", "x"]), values, max_size=2),
        name=words,
        commands=st.lists(st.sampled_from(["down", "sync", "status", "receive --list", *COMMANDS]), max_size=3),
    )
    def clients(self, inbox: dict[str, Any], claim: dict[str, Any], name: str, commands: list[str]) -> None:
        places = self.jail.places()
        self.jail.plant(places["objects of ours"] / ENTRY, "bytes", "", b"a film of a client")
        opened = {"by": "jan", "at": "2026-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z", **inbox}
        claimed = {"etag": "x", "name": name, **claim}
        value = {"inboxes": {INBOX: opened}, "arriving": {ENTRY.removeprefix(f"inbox/{PROJECT}/"): claimed}}
        if places["objects"].is_dir() and not places["objects"].is_symlink():
            self.jail.plant(places["objects"] / "metadata.json", "bytes", "", json.dumps(value).encode())
        for command in commands:
            self.jail.run(command.split())

    @rule(kind=st.sampled_from(sorted(TEAM)), data=st.data(), command=st.sampled_from(COMMANDS))
    def people(self, kind: str, data: st.DataObject, command: str) -> None:
        (place, name), sound = TEAM[kind]
        odd = st.dictionaries(st.sampled_from([*sound, "schema", "why", "note", "host", "more"]), values, max_size=3)
        lines = [{**sound, **data.draw(odd)} for _ in range(data.draw(st.integers(1, 3)))]
        before, each = ("schema: 1\nfiles:\n", "- ") if kind == "pin" else ("", "")
        text = before + "".join(f"{each}{json.dumps(line)}\n" for line in lines)
        self.jail.plant(self.jail.places()[place] / name, "bytes", "", text.encode("utf-8", "surrogatepass"))
        self.jail.run(command.split())

    @rule(
        told=st.lists(lies, min_size=1, max_size=3),
        edited=st.sampled_from(["", "a.txt", "new.txt", "d/e.txt", "large.mov"]),
        commands=st.lists(st.sampled_from(TALKING), min_size=1, max_size=3),
    )
    def server(self, told: list[Lie], edited: str, commands: list[str]) -> None:
        if edited:
            body = os.urandom(LARGE if edited == "large.mov" else 9)
            self.jail.plant(self.jail.staging / edited, "bytes", "", body)
        for command in commands:
            self.jail.run_at(told, command.split())

    @rule(at=names, mode=st.sampled_from([0o000, 0o444, 0o777, 0o1777, 0o4755, 0o2755]), then=st.sampled_from(COMMANDS))
    def mode(self, at: tuple[str, str], mode: int, then: str) -> None:
        path = self.jail.places()[at[0]] / at[1]
        if path.exists() and not path.is_symlink() and self.jail.private not in path.resolve().parents:
            path.chmod(mode)
        self.jail.run(then.split())


def test_the_jail_knows_every_verb() -> None:
    """A new command is one that strangers try, or it is said why not."""
    run = {" ".join(words.split()[:length]) for words in COMMANDS for length in (1, 2)}
    assert sorted(ALL_COMMANDS.keys() - run) == sorted(NOT_RUN)


@pytest.fixture
def strangers(seaweedfs: SeaweedFS) -> Iterator[type[Strangers]]:
    Strangers.recorder, Strangers.liar = Recorder(), Liar(seaweedfs)
    yield Strangers
    Strangers.recorder.close()
    Strangers.liar.close()


@pytest.mark.timeout(120 + MINUTES * 90)
def test_f50_no_canary_is_harmed(strangers: type[Strangers]) -> None:
    end, round_ = time.monotonic() + MINUTES * 60, 0
    while True:
        if MINUTES:
            print(f"jail: seed {SEED + round_}, {Jail.commands} commands and {strangers.liar.server.told} lies so far")
            hypothesis.seed(SEED + round_)(strangers)
        run_state_machine_as_test(
            strangers,
            settings=settings(
                max_examples=8 if MINUTES else 5,
                stateful_step_count=12 if MINUTES else 8,
                deadline=None,
                derandomize=not MINUTES,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],  # a step is a process or two: shrinking takes longer than reading
            ),
        )
        round_ += 1
        if time.monotonic() >= end:
            return
