"""Changes in an encrypted repository that were broken off before metadata.json told them: who made them knows them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, pair
from tests.kit.proxy import Proxy
from tests.kit.servers import SeaweedFS
from tests.scenarios.sealed.conftest import encrypt
from tests.scenarios.sealed.test_owner import MIB, People, problems, shared
from tests.scenarios.transfers.commands import Running, started, until


@pytest.mark.parametrize("how", [Running.kill, Running.interrupt])
@pytest.mark.parametrize("words", [("up",), ("up", "--on-conflict", "mine")])
def test_who_is_interrupted_knows_his_own_uploads(
    people: People, bucket: Path, how: Callable[[Running], object], words: tuple[str, ...]
) -> None:
    """Over the version that he agreed on, and over one that he never had."""
    david, jan = people
    shared(people, a="one")
    if len(words) > 1:
        david.write("a", "of david")
        david.ok("up")
    before = (bucket / PROJECT / "a").read_bytes()
    jan.write("a", "of jan, who is interrupted")
    jan.write("film", os.urandom(20 * MIB))
    with started(jan, *words, "--bwlimit", "4M") as command:
        until(lambda: (bucket / PROJECT / "a").read_bytes() != before, "the small file")
        how(command)
    assert "a: is not the version" in problems(david, "down")
    jan.ok("up")
    david.ok("down")
    assert jan.files() == david.files()
    assert david.read("a") == b"of jan, who is interrupted"


@pytest.mark.seaweedfs
def test_an_undo_that_nobody_recorded_is_known_by_who_did_it(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """The older version is there on purpose, though metadata.json still names the newer."""
    with Proxy(seaweedfs.endpoint_url) as proxy:
        environ = {**seaweedfs.environment("david"), "AWS_ENDPOINT_URL": proxy.endpoint_url}
        url = f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}"
        david, jan = people = encrypt(pair(tmp_path, url, {"david": environ, "jan": environ}))
        shared(people, a="one", b="b")
        david.write("a", "two")
        david.ok("sync")
        rule = proxy.on("PutObject", key="*metadata.json").reply(403, "AccessDenied")
        assert david.run("undo", "--yes").code != 0 and rule.hits
        proxy.remove(rule)
        assert "a: is not the version" in problems(jan, "down")
        assert david.states() == {"a": "local_modified", "b": "in_sync"}
        david.ok("down")
        assert jan.ok("down").code == 0
        assert (david.read("a"), jan.read("a")) == (b"two", b"one")
