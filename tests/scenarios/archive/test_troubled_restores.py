"""Restores while something else happens: a line that breaks, an archive that is replaced, another restore."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.kit.proxy import Proxy, Request
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import put, settings
from tests.scenarios.archive.test_restore import tree_of

pytestmark = [pytest.mark.seaweedfs]
MIB = 1024 * 1024
SET = "archives: {{raw: {{store: 's3://{bucket}/{prefix}', source: 'raw/*', layout: '{{id}}', pack: {pack}}}}}\n"


class Place:
    """A bucket behind a proxy, and its people."""

    def __init__(self, proxy: Proxy, server: Server, root: Path) -> None:
        self.proxy, self.server, self.root, self.prefix = proxy, server, root, uuid.uuid4().hex

    def person(self, name: str, pack: str, *, proxied: bool = True) -> Person:
        environ = dict(self.server.environment(name))
        if proxied:
            environ["AWS_ENDPOINT_URL"] = self.proxy.endpoint_url
        made = Person(name, self.root / name, environ)
        settings(made, SET.format(bucket=self.server.bucket, prefix=self.prefix, pack=pack))
        return made

    def sender(self, pack: str, *, proxied: bool = True) -> Person:
        david = self.person("david", pack, proxied=proxied)
        put(david.repo, "raw/m42/a.fits", random.Random(1).randbytes(3 * MIB))
        put(david.repo, "raw/m42/cal/b.fits", random.Random(2).randbytes(MIB))
        (david.repo / "raw/m42/cal/to").symlink_to("b.fits")
        david.ok("archive", "run", cwd=david.repo)
        return david


@pytest.fixture
def place(seaweedfs: Server, tmp_path: Path) -> Iterator[Place]:
    with Proxy(seaweedfs.endpoint_url) as proxy:
        yield Place(proxy, seaweedfs, tmp_path)


@pytest.mark.parametrize("pack", ["tar", "tar.zst", "none"])
def test_a_line_that_breaks_is_gone_on_with_where_it_broke(place: Place, pack: str) -> None:
    david = place.sender(pack)
    before = tree_of(david.repo / "raw/m42")
    rule = place.proxy.on("GetObject", key="*a.fits" if pack == "none" else f"*m42.{pack}", times=2)
    rule.cut_response_after(MIB)
    place.proxy.reset_counts()
    david.ok("restore", "m42", "--to", str(david.root / "out"), cwd=david.repo)
    assert rule.hits == 2 and place.proxy.received < 6 * MIB, "what had come was not fetched again"
    assert tree_of(david.root / "out/m42") == before


@pytest.mark.parametrize("pack", ["tar", "none"])
def test_a_restore_that_was_broken_off_brings_what_is_missing(place: Place, pack: str) -> None:
    david = place.sender(pack)
    before = tree_of(david.repo / "raw/m42")
    out = david.root / "out"
    broken = threading.Event()

    def unplug() -> None:
        place.proxy.unplug()
        broken.set()

    rule = place.proxy.on("GetObject", key="*b.fits" if pack == "none" else "*m42.tar", nth=1)
    rule.cut_response_after(1000, act=unplug)
    process = subprocess.Popen(
        [sys.executable, "-m", "s3sync", "restore", "m42", "--to", str(out)],
        cwd=david.repo, env=david.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert broken.wait(60), "the line did not break"
    finally:
        process.kill()
        process.wait()
    place.proxy.resume()
    left = {name: one for name, one in tree_of(out / "m42").items() if one[0] != "folder"}
    assert {name for name, one in left.items() if before.get(name) != one} <= {
        name for name in left if Path(name).name.startswith(".s3sync-")
    }, "no file has its name before it is whole"
    david.ok("restore", "m42", "--to", str(out), cwd=david.repo)
    assert tree_of(out / "m42") == before


@pytest.mark.parametrize("same_size", [True, False])
def test_an_archive_that_is_replaced_while_it_is_read_gives_no_mixture(place: Place, same_size: bool) -> None:
    """Its index was read before: nothing of the new archive gets an old name. The next restore has the new one."""
    david = place.sender("tar", proxied=False)
    jan, out = place.person("jan", "tar"), place.root / "out"
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    old = tree_of(david.repo / "raw/m42")

    def replace() -> None:
        put(david.repo, "raw/m42/a.fits", random.Random(3).randbytes(3 * MIB if same_size else 2 * MIB), 1_705_330_000)
        david.ok("archive", "run", "--force", cwd=david.repo)

    rule = place.proxy.on("GetObject", key="*m42.tar", nth=1).cut_response_after(MIB, act=replace)
    told = jan.expect(3, "restore", "m42", "--to", str(out), cwd=jan.repo)
    assert rule.hits == 1 and "a.fits" in told.err
    new = tree_of(david.repo / "raw/m42")
    for name, one in tree_of(out / "m42").items():
        assert one[0] == "folder" or one == old[name] == new[name], name
    place.proxy.remove(rule)
    jan.ok("restore", "m42", "--to", str(out), cwd=jan.repo)
    assert {name: one for name, one in tree_of(out / "m42").items() if one[0] != "folder"} == {
        name: one for name, one in new.items() if one[0] != "folder"
    }


def test_an_archive_that_is_being_sent_is_not_there_yet(place: Place) -> None:
    """Until its index is written nobody else sees it, and who has the older one restores that or is told."""
    david = place.person("david", "tar")
    put(david.repo, "raw/m42/a.fits", random.Random(1).randbytes(17 * MIB))
    jan = place.person("jan", "tar", proxied=False)
    there = threading.Event()

    def look(request: Request) -> None:
        jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
        said = jan.run("restore", "m42", "--to", str(place.root / "out"), cwd=jan.repo)
        assert said.code in (1, 2) and "m42" in said.err and "hint:" in said.err and "Traceback" not in said.err, said
        there.set()

    place.proxy.on("UploadPart", key="*m42.tar", nth=2).before(look)
    david.ok("archive", "run", cwd=david.repo)
    assert there.is_set()
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    jan.ok("restore", "m42", "--to", str(place.root / "out"), cwd=jan.repo)
    assert (place.root / "out/m42/a.fits").read_bytes() == (david.repo / "raw/m42/a.fits").read_bytes()


@pytest.mark.parametrize("pack", ["tar", "none"])
def test_two_people_restore_into_one_folder_at_once(place: Place, pack: str) -> None:
    """Each file is there once, whole: who comes second finds it. Nothing of either is swept away under way."""
    david = place.sender(pack)
    jan = place.person("jan", pack)
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    before, out = tree_of(david.repo / "raw/m42"), place.root / "shared"
    shutil.rmtree(david.repo / "raw/m42")
    both = threading.Barrier(2)

    def meet(request: Request) -> None:
        if request.range is not None or pack == "none":
            both.wait(60)

    place.proxy.on("GetObject", key="*a.fits" if pack == "none" else "*m42.tar", times=2).before(meet)
    results = {}

    def restore(person: Person) -> None:
        results[person.name] = person.run("restore", "m42", "--to", str(out), "--json", cwd=person.repo)

    threads = [threading.Thread(target=restore, args=(one,)) for one in (david, jan)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.code for one in results.values()] == [0, 0], results
    assert tree_of(out / "m42") == before
    assert not [name for name in os.listdir(out / "m42") if name.startswith(".s3sync-")]
