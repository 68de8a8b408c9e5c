"""The setting `archives`: what a set may say, where, and what is said about a mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from s3sync.archive.sets import load_sets, require_set, settings_of
from s3sync.config import archives
from s3sync.core.archive.layout import FIELDS
from s3sync.core.archive.values import ArchiveSet, DeleteLocal, Pack, UnitKind
from s3sync.errors import ConfigError
from s3sync.trust import is_named_by_repository, place_of
from tests.unit.config.conftest import Load

DOCS = Path(__file__).parents[3] / "docs"

SESSIONS = """
archives:
  sessions:
    store: s3://team-archive/backups
    source: raw/*
    layout: "raw/{year}/{id}"
    pack: tar
    storage_class: GLACIER
    tags: {archive: delayed}
    older_than: 6months
    sidecars: ["*.md"]
    timezone: Europe/Berlin
"""


def test_a_set_is_read_from_the_repository_with_its_defaults(load: Load) -> None:
    [found] = load_sets(load(yaml=SESSIONS)).values()
    assert (found.name, found.store, found.source) == ("sessions", "s3://team-archive/backups", "raw/*")
    assert (found.pack, found.storage_class, dict(found.tags)) == (Pack.TAR, "GLACIER", {"archive": "delayed"})
    assert found.older_than_s == 180 * 86400
    assert found.unit is UnitKind.FOLDER
    assert found.confined
    assert found.delete_local is DeleteLocal.NEVER
    assert ".DS_Store" in found.ignore


def test_own_sets_count_beside_those_of_the_repository_and_win_by_name(load: Load) -> None:
    own = """
archives:
  sessions: {store: "s3://mine", source: ~/sessions}
  footage: {store: "s3://mine", source: /Volumes/card, unit: file, delete_local: after-verify}
"""
    found = load_sets(load(yaml=SESSIONS, user_yaml=own))
    assert {name: (one.store, one.confined) for name, one in found.items()} == {
        "sessions": ("s3://mine", False),
        "footage": ("s3://mine", False),
    }
    assert found["footage"].delete_local is DeleteLocal.AFTER_VERIFY
    assert found["footage"].pack is Pack.NONE


@pytest.mark.parametrize(
    ("said", "where", "why"),
    [
        ("source: ../other", "archives.a.source", "only inside the repository"),
        ("source: /home/somebody", "archives.a.source", "only inside the repository"),
        ("source: ~/Pictures", "archives.a.source", "only inside the repository"),
        ("source: a/../../b", "archives.a.source", "only inside the repository"),
        ("source: 'C:/Users'", "archives.a.source", "only inside the repository"),
        ("source: 'a\\..\\..\\b'", "archives.a.source", "only inside the repository"),
        ("delete_local: after-verify", "archives.a.delete_local", "may not say that for you"),
        ("source: raw/**/x", "archives.a.source", "not taken"),
        ("unit: folders", "archives.a.unit", "folder, file, group"),
        ("unit: group", "archives.a", "go together"),
        ('group: "{night}"', "archives.a", "go together"),
        ("layout: fixed", "archives.a.layout", "one key"),
        ('layout: "../{id}"', "archives.a.layout", "leads elsewhere"),
        ('layout: ".s3sync/{id}"', "archives.a.layout", "reserved"),
        ('layout: "{captured:%B}/{id}"', "archives.a.layout", "%B is not known"),
        ('layout: "{captured}/{id}"', "archives.a.layout", "needs a format"),
        ('layout: "{md5}"', "archives.a.layout", "of one file"),
        ('layout: "{year"', "archives.a.layout", "braces"),
        ('layout: "{id.__class__}"', "archives.a.layout", "there is no field"),
        ("pack: zip", "archives.a.pack", "tar.zst"),
        ("level: 23", "archives.a.level", "between 1 and 22"),
        ("storage_class: GLACIER_FLEXIBLE_RETRIEVAL", "archives.a.storage_class", "no storage class"),
        ("tags: {'aws:x': y}", "archives.a.tags.aws:x", "a tag's name"),
        ("older_than: soon", "archives.a.older_than", "no duration"),
        ("timezone: Mars/Base", "archives.a.timezone", "no time zone"),
        ("timezone: ../../etc/passwd", "archives.a.timezone", "no time zone"),
        ("max_size: huge", "archives.a.max_size", "amount of bytes"),
        ("lifecycle_days: 90", "archives.a", "go together"),
        ("keep_lite: true", "archives.a.keep_lite", "its keys are"),
    ],
)
def test_a_mistake_is_named_with_its_line(load: Load, said: str, where: str, why: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(yaml=f"archives:\n  a:\n    store: s3://bucket\n    {said}\n")
    assert f"{where!r}" in error.value.message
    assert why in f"{error.value.why} {error.value.hint}"


def test_the_right_word_for_a_class_is_said(load: Load) -> None:
    with pytest.raises(ConfigError) as error:
        load(yaml="archives: {a: {store: 's3://bb', storage_class: Glacier Flexible Retrieval}}")
    assert error.value.hint == "did you mean GLACIER?"


def test_a_pattern_that_is_none_is_told_with_its_place(load: Load) -> None:
    with pytest.raises(ConfigError) as error:
        load_sets(load(yaml='archives: {a: {store: "s3://bb", ignore: ["x", "a/**/b/**/c/**/d"]}}'))
    assert "archives.a.ignore" in error.value.message
    assert "entry 2" in str(error.value.why)


def test_a_set_is_found_by_its_name_or_as_the_only_one(load: Load) -> None:
    settings = load(yaml=SESSIONS)
    assert require_set(settings, None).name == "sessions"
    with pytest.raises(ConfigError) as error:
        require_set(settings, "sesions")
    assert error.value.hint == "did you mean 'sessions'?"
    with pytest.raises(ConfigError) as none:
        require_set(load(yaml=""), None)
    assert "archive init" in str(none.value.hint)


def test_the_store_of_a_repositorys_set_is_asked_about_like_any_other(load: Load) -> None:
    settings = load(yaml=SESSIONS + "region: eu-west-1\n", environ={"S3SYNC_STORE": "s3://mine"})
    opened = settings_of(require_set(settings, None), settings, {})
    assert opened.store == "s3://team-archive/backups"
    assert opened.region == "eu-west-1"
    assert is_named_by_repository(opened)
    assert place_of(opened).store == "s3://team-archive/backups"


def test_a_repository_has_no_part_in_the_store_of_a_users_own_set(load: Load, tmp_path: object) -> None:
    repo = "store: s3://team\nendpoint_url: https://elsewhere.example.com\nprofile: theirs\n"
    environ = {"XDG_CONFIG_HOME": f"{tmp_path}/config", "XDG_DATA_HOME": f"{tmp_path}/data"}
    settings = load(yaml=repo, user_yaml="archives: {mine: {store: 's3://mine', source: ~/x, profile: me}}\n")
    opened = settings_of(load_sets(settings)["mine"], settings, environ)
    assert (opened.store, opened.endpoint_url, opened.profile) == ("s3://mine", None, "me")
    assert opened.credentials == "profile"
    assert opened.root is None
    assert not is_named_by_repository(opened)


def test_projects_are_the_source_where_none_is_named(load: Load) -> None:
    found = require_set(load(yaml="archives: {projects: {store: 's3://bb'}}"), None)
    assert (found.source, found.marker) == ("*", "s3-staging")
    assert isinstance(found, ArchiveSet)


BLOCKS = re.findall(r"^```yaml\n(.*?)^```", (DOCS / "archive.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", BLOCKS)
def test_the_sets_of_the_guide_are_sets(load: Load, text: str) -> None:
    is_own = text.startswith("# your own")
    assert load_sets(load(user_yaml=text) if is_own else load(yaml=text))


def test_the_guide_has_each_key_of_a_set_and_each_field_of_a_layout() -> None:
    guide = (DOCS / "archive.md").read_text("utf-8")
    rules = guide.partition("## What a set says")[2].partition("\n## ")[0]
    keys = {key for row in re.findall(r"^\| (`.*?) \|", rules, re.MULTILINE) for key in re.findall("`(.*?)`", row)}
    assert keys == set(archives._CHECKS)
    fields = guide.partition("## Fields of a layout")[2]
    assert set(re.findall(r"\{(\w+)[:}]", fields)) == set(FIELDS)
