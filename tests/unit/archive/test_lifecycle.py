"""Rules of lifecycle: ours beside other people's, what they do to an object, and mistakes of those written by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from s3sync.core.archive.lifecycle import BY_TAG, difference, moves_of, rule_text, wanted_rules
from s3sync.core.archive.rule_files import class_meant, parse_rules
from s3sync.core.archive.values import ArchiveSet, Pack
from s3sync.errors import ConfigError

FOREIGN = {
    "ID": "logs",
    "Status": "Enabled",
    "Filter": {"Prefix": "logs/"},
    "Expiration": {"Days": 30},
    "SomethingNew": {"x": 1},
}
LARGE = 1 << 30


def media(**other: Any) -> ArchiveSet:
    given = {"layout": "cache/{year}/{md5}{ext}", "pack": Pack.NONE, "lifecycle_days": 90, "lifecycle_class": "GLACIER"}
    return ArchiveSet(name="media", store="s3://b", source="x", **{**given, **other})


@pytest.mark.parametrize(("tag", "move"), BY_TAG.items())
@pytest.mark.parametrize("root", ["", "lab/"])
def test_each_tag_moves_what_carries_it_below_the_store(tag: tuple[str, str], move: tuple[int, str], root: str) -> None:
    rules = wanted_rules([], root).rules
    assert moves_of(rules, f"{root}raw/m31.tar", dict([tag]), LARGE) == (move,)
    assert moves_of(rules, f"{root}raw/m31.tar.index.json", {}, LARGE) == (), "an index carries no tag"
    if root:
        assert moves_of(rules, "elsewhere/m31.tar", dict([tag]), LARGE) == ()


def test_a_set_with_days_moves_by_its_prefix() -> None:
    wanted = wanted_rules([media()], "lab/")
    assert moves_of(wanted.rules, "lab/cache/2025/0.jpg", {}, LARGE) == ((90, "GLACIER"),)
    assert moves_of(wanted.rules, "lab/.s3sync/archive/media.jsonl", {}, LARGE) == ()
    assert wanted.problems == ()


@pytest.mark.parametrize("other", [{"pack": Pack.TAR}, {"layout": "{year}/{md5}"}, {"layout": "x{year}"}])
def test_a_rule_that_would_reach_the_indexes_is_not_made(other: dict[str, Any]) -> None:
    wanted = wanted_rules([media(**other)], "")
    assert len(wanted.problems) == 1 and "media" in wanted.problems[0]
    assert moves_of(wanted.rules, "2025/0.jpg", {}, LARGE) == ()


@pytest.mark.parametrize("other", [{"pack": Pack.TAR}, {"layout": "{year}/{md5}"}, {}])
def test_a_set_with_tags_moves_by_them_whatever_lies_beside_it(other: dict[str, Any]) -> None:
    wanted = wanted_rules([media(tags={"set": "media", "b": "c"}, **other)], "lab/")
    key = "lab/cache/2025/0.tar"
    assert wanted.problems == ()
    assert moves_of(wanted.rules, key, {"set": "media", "b": "c", "more": "x"}, LARGE) == ((90, "GLACIER"),)
    assert moves_of(wanted.rules, key, {"set": "media"}, LARGE) == ()
    assert moves_of(wanted.rules, f"{key}.index.json", {}, LARGE) == ()
    assert moves_of(wanted.rules, key[4:], {"set": "media", "b": "c"}, LARGE) == ()


def test_small_objects_stay_unless_a_rule_names_a_size() -> None:
    rules = wanted_rules([], "").rules
    assert moves_of(rules, "a.tar", {"archive": "fast"}, 100_000) == ()
    mine = [
        {**rules[1], "Filter": {"And": {"Tags": [{"Key": "archive", "Value": "fast"}], "ObjectSizeGreaterThan": 1}}}
    ]
    assert moves_of(mine, "a.tar", {"archive": "fast"}, 100_000) == ((7, "DEEP_ARCHIVE"),)
    assert moves_of(mine, "a.tar", {"archive": "fast"}, 1) == ()


def test_other_peoples_rules_survive_as_they_are() -> None:
    other_root = wanted_rules([], "other/").rules
    wanted = wanted_rules([media()], "").rules
    found = difference([FOREIGN, *other_root], wanted, "")
    assert found.added == wanted
    assert found.others == (FOREIGN, *other_root)
    assert found.merged[: len(found.others)] == [FOREIGN, *other_root]
    again = difference(found.merged, wanted, "")
    assert again.is_empty and again.merged == found.merged
    without = difference(found.merged, [], "")
    assert without.removed == wanted and without.merged == [FOREIGN, *other_root]


def test_a_rule_that_was_changed_by_hand_is_put_right() -> None:
    wanted = wanted_rules([], "").rules
    bent = [dict(rule) for rule in wanted]
    bent[1]["Transitions"] = [{"Days": 1, "StorageClass": "DEEP_ARCHIVE"}]
    found = difference(bent, wanted, "")
    assert found.changed == (wanted[1],)


def test_how_a_store_writes_a_rule_back_makes_no_difference() -> None:
    wanted = wanted_rules([], "").rules
    back = [dict(rule) for rule in wanted]
    back[0] = {**back[0], "Filter": {"Prefix": ""}, "Prefix": ""}
    tag = {"Key": "archive", "Value": "fast"}
    back[1] = {**back[1], "Filter": {"And": {"Tags": [tag], "ObjectSizeGreaterThan": 0}}}
    assert difference(back, wanted, "").is_empty


SIZES: list[dict[str, Any]] = [
    {"ObjectSizeGreaterThan": 0},
    {"ObjectSizeGreaterThan": 1},
    {"ObjectSizeGreaterThan": 0, "ObjectSizeLessThan": 500},
    {"And": {"Prefix": "a/", "ObjectSizeGreaterThan": 200_000, "ObjectSizeLessThan": 500_000}},
]


def test_rules_in_words() -> None:
    wanted = wanted_rules([media()], "lab/").rules
    assert [rule_text(rule) for rule in (wanted[1], wanted[-1], FOREIGN)] == [
        "archive=fast below lab/: after 7 days to DEEP_ARCHIVE",
        "below lab/cache/: after 90 days to GLACIER",
        "below logs/: deleted after 30 days",
    ]
    assert [rule_text({"Filter": one}) for one in SIZES] == [
        "in the whole bucket: something else (off)",
        "in the whole bucket over 1 B: something else (off)",
        "in the whole bucket under 500 B: something else (off)",
        "below a/ over 200000 B under 500000 B: something else (off)",
    ]
    dated: dict[str, Any] = {
        "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
        "Expiration": {"Date": "2026-12-01"},
    }
    assert "to GLACIER, deleted on 2026-12-01" in rule_text(dated), "a yes to the move is none to that"
    tags = [{"Key": f"{number}" * 128, "Value": "x" * 256} for number in range(10)]
    assert len(rule_text({**dated, "Filter": {"And": {"Prefix": "p" * 1024, "Tags": tags}}})) < 1_000
    assert "old versions deleted beyond" in rule_text({"NoncurrentVersionExpiration": {"NewerNoncurrentVersions": 1}})
    assert rule_text({"Status": "Disabled"}) == "in the whole bucket: something else (off)"


def written(**other: Any) -> bytes:
    move = {"Days": 30, "StorageClass": "GLACIER"}
    rule: dict[str, Any] = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Transitions": [move]}
    return json.dumps({"Rules": [{name: one for name, one in {**rule, **other}.items() if one is not None}]}).encode()


def test_a_good_file_is_taken_as_it_is() -> None:
    assert parse_rules(written(), "f.json")[0]["ID"] == "a"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (written(Transitions=[{"Days": 1, "StorageClass": "GLACIER_FLEXIBLE_RETRIEVAL"}]), "it is called GLACIER"),
        (written(Transitions=[{"Days": 1, "StorageClass": "DEEP_ARCHIV"}]), "it is called DEEP_ARCHIVE"),
        (written(ID=None, Id="a"), "'Id' is unknown: it is 'ID'"),
        (written(Transitions=None, Transition=[]), "it is 'Transitions'"),
        (written(Status="enabled"), "'Enabled'"),
        (written(Filter={"Prefix": "x", "Tag": {"Key": "a", "Value": "b"}}), "go into `And`"),
        (written(Transitions=[{"Days": "30", "StorageClass": "GLACIER"}]), "whole number"),
        (written(Transitions=[{"days": 30, "StorageClass": "GLACIER"}]), "it is 'Days'"),
        (written(Transitions={}), "must be a list"),
        (written(Filter={"Tag": {"archive": "fast"}}), '"Key": "archive"'),
        (written(Filter={"Tag": "archive=fast"}), '"Key": "archive"'),
        (written(Filter={"And": {"Prefix": "x/", "Tags": {"Key": "a", "Value": "b"}}}), "`Tags` must be a list"),
        (written(Filter={"And": {"Tags": [{"key": "a", "value": "b"}]}}), '"Key": "archive"'),
        (written(Filter={"And": []}), "`And` must be an object"),
        (written(Filter={"Tags": [{"Key": "a", "Value": "b"}]}), "'Tags' is unknown: it is 'Tag'"),
        (written(Filter={"ObjectSizeGreaterThan": "128KB"}), "number of bytes"),
        (written(Filter={"Prefix": 1}), "must be a text"),
        (written(Transitions=None), "does nothing"),
        (written(Transitions=[{"Days": 7, "StorageClass": "STANDARD_IA"}]), "before 30 days"),
        (json.dumps({"Rules": json.loads(written())["Rules"] * 2}).encode(), "another one has its `ID` 'a'"),
        (written(Transitions=[{"StorageClass": "GLACIER"}]), "needs `Days`"),
        (written(Transitions=None, Expiration={"Day": 30}), "'Day' is unknown: it is 'Days'"),
        (written(Transitions=None, Expiration={"Days": "30"}), "`Days` must be a whole number above 0"),
        (written(Transitions=None, Expiration={"Days": 0}), "`Days` must be a whole number above 0"),
        (written(Transitions=None, Expiration=[{"Days": 30}]), "must be an object"),
        (written(NoncurrentVersionExpiration={"Days": 30}), "it is 'NoncurrentDays'"),
        (written(AbortIncompleteMultipartUpload={"DaysAfterInitation": 7}), "it is 'DaysAfterInitiation'"),
        (b"[]", "object with `Rules`"),
        (b"{", "no JSON"),
    ],
)
def test_mistakes_of_a_file_are_told_with_the_right_word(body: bytes, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_rules(body, "f.json")
    assert said in (caught.value.why or "")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("glacier", "GLACIER"),
        ("Glacier Instant Retrieval", "GLACIER_IR"),
        ("deep-archive", "DEEP_ARCHIVE"),
        ("x", None),
    ],
)
def test_storage_classes_by_other_names(word: str, meant: str | None) -> None:
    assert class_meant(word) == meant
