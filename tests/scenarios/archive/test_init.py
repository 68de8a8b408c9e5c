"""`archive init`: a set from a preset, written into the settings that people keep by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.core.archive.presets import PRESETS
from tests.kit.people import Person
from tests.scenarios.archive.conftest import own_settings, put, settings

STORE = ("--store", "s3://our-archive/backups")


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_is_written_and_read_again(david: Person, preset: str) -> None:
    settings(david, "# ours\nstore: s3://team\n")
    result = david.ok("archive", "init", "--preset", preset, *STORE, cwd=david.repo)
    assert f"has now the set {preset}" in result.out
    assert ("lifecycle apply" in result.out) == (preset in ("projects", "sessions", "media"))
    text = (david.repo / ".s3sync.yaml").read_text()
    assert text.startswith("# ours\nstore: s3://team\narchives:\n")
    assert preset in david.ok("config", "show", "archives", cwd=david.repo).out
    again = david.ok("archive", "init", "--preset", preset, *STORE, cwd=david.repo)
    assert "has this set already" in again.out
    assert (david.repo / ".s3sync.yaml").read_text() == text


def test_all_presets_stand_side_by_side_among_what_people_wrote(david: Person) -> None:
    before = (
        "archives:\n    mine:\n        store: s3://xx # here\n        source: raw/*\n\n# the end\nregion: us-east-1\n"
    )
    settings(david, before)
    for preset in PRESETS:
        david.ok("archive", "init", "--preset", preset, *STORE, cwd=david.repo)
    text = (david.repo / ".s3sync.yaml").read_text()
    assert [line for line in text.splitlines() if line in before.splitlines()] == before.splitlines()
    found = david.expect(3, "archive", "analyze", "--json", cwd=david.repo).json
    of_the_disk = set(PRESETS) - {"media-db"}  # a table says by itself what is to be sent
    assert {one["name"] for one in (*found["sets"], *found["failed"])} == {"mine", *of_the_disk}
    assert "takes its objects from a table" in david.expect(2, "archive", "analyze", "--set", "media-db").err


def test_whoever_names_the_store_has_agreed_to_it(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david", {"S3SYNC_TRUST": ""})
    settings(david, "store: s3://team\n")
    david.ok("archive", "init", "--preset", "sessions", *STORE, cwd=david.repo)
    places = david.ok("trust", "--list", "--json", cwd=david.repo).json["places"]
    assert "s3://our-archive/backups" in [place["store"] for place in places]


KEYS = "AWS_ACCESS_KEY_ID=AKIAABCDEFGHIJKLMNOP\nAWS_SECRET_ACCESS_KEY=s\n"


@pytest.mark.parametrize(
    ("committed", "env_file"),
    [
        ("endpoint_url: https://203.0.113.7:9000\n", ""),
        ("profile: prod-admin\n", ""),
        ("kms_key_id: alias/theirs\nsse: aws:kms\n", ""),
        ("region: cn-north-1\n", ""),
        ("", KEYS),
    ],
)
def test_f47_but_to_no_server_and_no_signer_of_the_repository(committed: str, env_file: str, tmp_path: Path) -> None:
    """The store was the user's word, and files would go to a stranger's server, signed by a profile that he named."""
    david = Person("david", tmp_path / "david", {"S3SYNC_TRUST": ""})
    settings(david, committed)
    (david.repo / ".video-tools.env").write_text(env_file)
    words = ("archive", "init", "--preset", "sessions", *STORE)
    david.ok(*words, cwd=david.repo)
    assert david.ok("trust", "--list", "--json", cwd=david.repo).json["places"] == []
    david.ok("trust", "--yes", cwd=david.repo)
    david.ok(*words, "--name", "other", "--store", "s3://our-archive/other", cwd=david.repo)
    stores = [place["store"] for place in david.ok("trust", "--list", "--json", cwd=david.repo).json["places"]]
    assert {"s3://our-archive/backups", "s3://our-archive/other"} <= set(stores)  # the rest was agreed to


def test_outside_of_a_repository_a_set_is_the_persons_own(david: Person) -> None:
    put(david.root, "card/GX010001.MP4")
    words = ("archive", "init", "--preset", "footage", *STORE)
    result = david.expect(2, *words[:2], "--preset", "projects", *STORE, cwd=david.root)
    assert "--source" in result.err
    david.ok(*words, "--source", "card", cwd=david.root)
    found = david.ok("archive", "analyze", "--json", cwd=david.root).json["sets"][0]
    assert [unit["key"] for unit in found["units"]] == ["GX010001.MP4"]
    assert found["source"] == str(david.root / "card")


def test_a_presets_own_folder_is_the_one_where_it_was_typed(david: Person) -> None:
    put(david.root, "astro/processing/M31/stack.xisf")
    said = david.ok("archive", "init", "--preset", "processing", *STORE, cwd=david.root / "astro")
    assert "lifecycle apply" not in said.out, "it is sent cold"
    found = david.ok("archive", "analyze", "--json", cwd=david.root).json["sets"][0]
    assert [unit["id"] for unit in found["units"]] == ["M31"]
    assert found["source"] == str(david.root / "astro/processing/*")


def test_a_mistake_changes_nothing(david: Person) -> None:
    text = "archives: {a: {store: 's3://xx', source: raw}}\n"
    settings(david, text)
    for words, told in (
        (("--preset", "sessions", *STORE), "not in lines of its own"),
        (("--preset", "sesions", *STORE), "there is no preset 'sesions'"),
        ((*STORE,), "sessions: imaging sessions"),
        (("--preset", "sessions"), "does not say where it sends"),
        (("--preset", "sessions", *STORE, "--name", "no name"), "a set's name has"),
        (("--preset", "sessions", *STORE, "--source", "/elsewhere"), "only inside the repository"),
        (("--preset", "sessions", *STORE, "--older-than", "long"), "no duration"),
        (("--preset", "sessions", "--store", "ftp://x"), "there is no store of the kind"),
        (("--preset", "sessions", *STORE, "--name", "a"), "already, with other rules"),
    ):
        result = david.expect(2, "archive", "init", *words, cwd=david.repo)
        assert told in result.err, result.err
        assert (david.repo / ".s3sync.yaml").read_text() == text


def test_a_dry_run_writes_nothing(david: Person) -> None:
    result = david.ok("archive", "init", "--preset", "sessions", *STORE, "--dry-run", "--source", ".", cwd=david.root)
    assert "would get the set sessions" in result.out
    assert not list(david.root.rglob("config.yaml"))


def test_windows_line_ends_stay(david: Person) -> None:
    own_settings(david, "user: david\r\narchives:\r\n  a:\r\n    store: s3://xx\r\n    source: /x")
    david.ok("archive", "init", "--preset", "final", *STORE, "--own", "--source", "/y", cwd=david.root)
    text = next(david.root.rglob("config.yaml")).read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") > 8


def test_one_trust_agrees_to_the_stores_of_the_sets_too(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david", {"S3SYNC_TRUST": "", "S3SYNC_USER": "david"})
    (tmp_path / "team").mkdir()
    settings(david, f"archives: {{a: {{store: 'file://{tmp_path}/cold', source: raw/*}}}}\n")
    put(david.repo, "raw/b1/x")
    refused = david.expect(5, "archive", "run", cwd=david.repo)
    assert f"sends files to file://{tmp_path}/cold" in refused.err and "`s3sync trust`" in refused.err
    assert not (tmp_path / "cold").exists()
    assert f"file://{tmp_path}/cold" in david.ok("trust", "--yes", cwd=david.repo).out
    david.ok("archive", "run", cwd=david.repo)
    assert (tmp_path / "cold").exists()
    assert "trusted already" in david.ok("trust", cwd=david.repo).out


def test_one_trust_agrees_to_the_replicas_of_the_sets_too(tmp_path: Path) -> None:
    """`archive verify --replica` says that `s3sync trust` agrees to it."""
    david = Person("david", tmp_path / "david", {"S3SYNC_TRUST": "", "S3SYNC_USER": "david"})
    rules = "store: 's3://team/cold', source: raw/*, replica_region: eu-west-1"
    settings(david, f"endpoint_url: http://127.0.0.1:9\narchives: {{a: {{{rules}}}}}\n")
    refused = david.expect(5, "archive", "verify", "--replica", cwd=david.repo)
    assert "s3://team-replica/cold at http://127.0.0.1:9" in refused.err and "`s3sync trust`" in refused.err
    assert "s3://team-replica/cold at http://127.0.0.1:9" in david.ok("trust", "--yes", cwd=david.repo).out
    settings(david, f"endpoint_url: http://127.0.0.1:9\narchives: {{a: {{{rules}, replica_bucket: other}}}}\n")
    assert "s3://other/cold" in david.expect(5, "archive", "verify", "--replica", cwd=david.repo).err
