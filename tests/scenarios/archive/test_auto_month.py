"""A month of `archive auto` without a hand's turn: days pass on a fake clock, on real folders and a real server.

Projects age through all tiers while an SSD is away, a server refuses, a run is killed, and people go on working.
"""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import tarfile
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from s3sync.archives import Archives
from s3sync.archives.auto_looks import AutoRules
from s3sync.archives.auto_report import AutoOptions, AutoReport
from tests.kit.people import Person
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import at_home, own_settings

pytestmark = [pytest.mark.ministack, pytest.mark.slow]

NIGHTS = (*range(18), 21, 25, 29)
"""Days from the first one. Later than the 17th no project is due for another move, so that some nights are enough."""
MIB = 1024 * 1024
SETS = """
archives:
  ssd: {{store: '{ssd}', source: '{video}', layout: '{{id}}', pack: none, light: ['*.srt']}}
  vault:
    {{store: 's3://{bucket}/month', source: '{disk}', layout: '{{id}}', endpoint_url: {endpoint}, region: us-east-1}}
"""
KILLED = """
    import os, signal, sys
    from datetime import datetime
    from s3sync.archives import Archives
    from s3sync.transfer.progress import Silent

    class Killed(Silent):
        sent = 0
        def advance(self, work, name, size, *more):
            Killed.sent += size
            if Killed.sent > 9 * 1024 * 1024:
                os.kill(os.getpid(), signal.SIGKILL)

    now = datetime.fromisoformat(sys.argv[2])
    Archives.open(path=sys.argv[1], environ=dict(os.environ), clock=lambda: now, progress=Killed()).auto()
"""


class Month:
    """Somebody's computer, his SSD and his bucket, on a clock that the test turns."""

    def __init__(self, server: Server, root: Path) -> None:
        self.server, self.client = server, server.client("admin")
        self.david = Person("david", root / "david", server.environment("david"))
        self.video, self.mount = self.david.repo, root / "media/T7"
        self.disk = self.mount / "projects"
        self.mount.mkdir(parents=True)
        self.begin = self.now = datetime.now(UTC).replace(microsecond=0)
        endpoint, ssd = server.environment()["AWS_ENDPOINT_URL"], self.disk.as_uri()
        sets = SETS.format(ssd=ssd, video=self.video, disk=self.disk, bucket=server.bucket, endpoint=endpoint)
        own_settings(self.david, sets)
        team = f"store: s3://{server.bucket}/team\nendpoint_url: {endpoint}\nregion: us-east-1\n"
        (self.video / ".s3sync.yaml").write_text(f"{team}repo: video\nstaging: work\n")
        self.expected: dict[str, dict[str, bytes]] = {}
        self.tars: dict[str, str] = {}

    def work_on(self, project: str, name: str, body: bytes, days_ago: float = 0) -> None:
        """Write a file, with the time that it was by then."""
        path = self.video / project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        when = (self.now - timedelta(days=days_ago)).timestamp()
        os.utime(path, (when, when))
        self.expected.setdefault(project, {})[name] = body

    def project(self, name: str, age: float, size: int = 200_000) -> None:
        self.work_on(name, "work/cut/a.mp4", random.Random(name).randbytes(size), age)
        self.work_on(name, "notes.srt", f"1 {name}\n".encode(), age)

    def archives(self, **environ: str) -> Archives:
        home = {**at_home(self.david), **environ}
        return Archives.open(path=self.video, environ=home, clock=lambda: self.now)

    def night(self, **environ: str) -> AutoReport:
        return self.archives(**environ).auto(AutoOptions(AutoRules(cold="GLACIER")))

    def killed(self) -> None:
        words = [sys.executable, "-c", textwrap.dedent(KILLED), str(self.video), self.now.isoformat()]
        done = subprocess.run(words, env=at_home(self.david), capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == -signal.SIGKILL, done
        assert "and did not end" in self.david.ok("archive", "auto", "status", cwd=self.video).out

    # -- what is where, by content

    def local(self, project: str) -> dict[str, bytes]:
        return _tree(self.video / project)

    def on_ssd(self, project: str) -> dict[str, bytes]:
        folder = self.disk if self.disk.exists() else self.mount.with_name("drawer") / "projects"
        return _tree(folder / project)

    def in_bucket(self, project: str) -> tuple[dict[str, bytes], str | None]:
        client, key = self.client, f"month/{project}.tar"
        try:
            head = client.head_object(Bucket=self.server.bucket, Key=key)
        except client.exceptions.ClientError:
            return {}, None
        kind = head.get("StorageClass", "STANDARD")
        if kind == "GLACIER":  # cold: known by the ETag that it had when it was read
            same = self.tars.get(project) == head["ETag"]
            return (self.expected[project] if same else {}), kind
        body = client.get_object(Bucket=self.server.bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            members: dict[str, Any] = {one.name.partition("/")[2]: tar.extractfile(one) for one in tar if one.isfile()}
            found = {name: member.read() for name, member in members.items()}
        if found == self.expected[project]:
            self.tars[project] = head["ETag"]
        return found, kind

    def tier(self, project: str) -> str:
        """Last tier that has all of a project; fails where none has."""
        found, kind = self.in_bucket(project)
        places = {kind or "bucket": found, "ssd": self.on_ssd(project), "local": self.local(project)}
        whole = [name for name, files in places.items() if files == self.expected[project]]
        assert whole, f"{project} is nowhere whole on {self.now}: { ({n: sorted(f) for n, f in places.items()}) }"
        return whole[-1]


def _tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".s3sync" not in path.relative_to(root).parts
    }


@pytest.fixture
def month(ministack: Server, tmp_path: Path) -> Month:
    return Month(ministack, tmp_path)


def test_a_month_passes_and_each_project_is_where_its_age_says(month: Month) -> None:
    for name, age in {"b40": 75, "b41": 170, "b42": 358, "b43": 100, "b44": 95, "b45": 88.5, "b46": 5}.items():
        month.project(name, age)
    month.project("b47", 175.5, size=24 * MIB)
    # an earlier version of b48 is on the SSD, and it was worked on again since
    month.now -= timedelta(days=120)
    month.project("b48", 60)
    month.archives().run("b48", set="ssd")
    month.now += timedelta(days=35)
    month.work_on("b48", "work/cut/a.mp4", b"a new cut")
    month.now = month.begin
    month.david.ok("lock", "cut/a.mp4", "--project", "b43", "--for", "30d", "--why", "grading", cwd=month.video)
    names, drawer, reasons = sorted(month.expected), month.mount.with_name("drawer"), set[str]()
    for day in NIGHTS:
        month.now = month.begin + timedelta(days=day)
        environ: dict[str, str] = {}
        if day == 2:
            month.mount.rename(drawer)
        elif day == 4:
            drawer.rename(month.mount)
        elif day == 7:
            environ = {"AWS_SECRET_ACCESS_KEY": "wrong"}
        elif day == 10:
            month.david.ok("unlock", "cut/a.mp4", "--project", "b43", cwd=month.video)
        elif day == 12:
            month.archives().restore("b44", set="ssd")
            month.work_on("b44", "work/cut/a.mp4", b"worked on again")
        if day == 5:  # b47 is on its way into the bucket
            month.killed()
            assert month.tier("b47") == "ssd"
        report = month.night(**environ)
        assert report.exit_code == (3 if day in (2, 3, 7) else 0), (day, report)
        reasons |= {f"{one.candidate.unit} {(one.reason or '').partition(' until')[0]}" for one in report.left}
        for name in names:
            month.tier(name)
    assert {name: month.tier(name) for name in names} == {
        "b40": "ssd", "b41": "STANDARD", "b42": "GLACIER", "b43": "local", "b44": "local", "b45": "ssd",
        "b46": "local", "b47": "STANDARD", "b48": "ssd",
    }  # fmt: skip
    assert "b43 david has locked cut/a.mp4" in reasons
    assert any(reason.startswith("b43 david worked on it (unlock)") for reason in reasons), reasons
    left = {name: sorted(month.local(name)) for name in names}
    assert all(left[name] in ([], ["notes.srt"]) for name in ("b40", "b41", "b42", "b45", "b47", "b48")), left
    assert month.on_ssd("b41") == {} == month.on_ssd("b42")
