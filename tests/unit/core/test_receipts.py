"""Receipts as values: what each member lacks after any writes, in bounded room."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.manifest.edits import Edits, apply
from s3sync.core.manifest.parse import parse
from s3sync.core.manifest.record import FileRecord, Manifest, render
from s3sync.core.receipts import MOST_NAMES, Receipt, Seen, read_receipts
from s3sync.sync.lacking import lacking_of

AT = "2025-11-03T10:00:00Z"


def record(name: str, version: int, by: str = "david") -> FileRecord:
    return FileRecord(name, 1, by, AT, f"{version:032x}", f"{version:032x}")


def write(
    manifest: Manifest, by: str, sent: dict[str, int], seen: Seen | None = None, leaves: str | None = None
) -> Any:
    files = {name: record(name, version, by) for name, version in sent.items()}
    edits = Edits(by, AT, "mac", files=files, seen=seen or Seen(), leaves=leaves)
    return apply(manifest, edits, f"w{manifest.revision}")


def everything(*lacks: str, knew: tuple[str, ...] = (), fetched: dict[str, int] | None = None) -> Seen:
    versions = {name: f"{version:032x}" for name, version in (fetched or {}).items()}
    return Seen(lacks, 0, (), frozenset(knew), versions)


def three(*names: str) -> Manifest:
    """David, Jan and Eva have these files."""
    manifest = write(Manifest("p", "r"), "david", dict.fromkeys(names, 1), everything())
    for who in ("jan", "eva"):
        manifest = write(manifest, who, {}, everything())
    return manifest  # type: ignore[no-any-return]


def lacks(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    return {member: one.lacks for member, one in manifest.receipts.items() if one.count}


def test_what_one_sends_the_others_lack() -> None:
    manifest = write(three("a"), "david", {"b": 1, "a": 2})
    assert lacks(manifest) == {"jan": ("b", "a"), "eva": ("b", "a")}
    assert lacks(parse(b"".join(render(manifest)))) == lacks(manifest)


def test_the_same_content_sent_again_is_not_lacking() -> None:
    assert lacks(write(three("a"), "david", {"a": 1})) == {}


def test_whoever_fetched_lacks_it_no_more_and_whoever_sent_has_it() -> None:
    manifest = write(three("a"), "david", {"b": 1, "c": 1})
    some = write(manifest, "jan", {}, Seen(None, 0, (), frozenset({"b", "c"}), {"b": f"{1:032x}"}))
    assert lacks(some) == {"jan": ("c",), "eva": ("b", "c")}
    assert lacks(write(manifest, "jan", {"c": 9}))["jan"] == ("b",)


def test_what_was_sent_since_one_looked_is_lacking() -> None:
    looked = write(three("a"), "david", {"b": 1})
    meanwhile = write(looked, "eva", {"c": 1, "b": 2})
    manifest = write(meanwhile, "jan", {}, everything(knew=("b",), fetched={"b": 1}))
    assert lacks(manifest)["jan"] == ("b", "c"), "of b he has fetched the version before"


def found(manifest: Manifest, by: str, *files: FileRecord, seen: Seen) -> Manifest:
    """What `by` found in the store and is the first to record."""
    edits = Edits(by, AT, "mac", repaired={one.name: one for one in files}, seen=seen)
    return apply(manifest, edits, f"w{manifest.revision}")


def test_what_one_found_and_did_not_fetch_he_lacks_too() -> None:
    manifest = found(three("a"), "jan", record("x", 1, "unknown"), seen=Seen(None, also=("x",)))
    assert lacks(manifest) == {"david": ("x",), "jan": ("x",), "eva": ("x",)}
    assert lacks(write(manifest, "jan", {}, Seen(None, 0, (), frozenset({"x"}), {"x": f"{1:032x}"}))).keys() == {
        "david",
        "eva",
    }


def test_whoever_sent_a_version_has_it_whoever_recorded_it() -> None:
    many = [record(f"{number:04d}", 1, "eva") for number in range(MOST_NAMES + 7)]
    manifest = found(three("a"), "david", record("x", 1, "jan"), *many, seen=everything())
    assert manifest.receipts["eva"] == Receipt(("x",)) and "x" not in manifest.receipts["jan"].lacks
    assert manifest.receipts["jan"].count == MOST_NAMES + 7


def test_a_version_that_was_put_back_and_never_had_is_lacking() -> None:
    manifest = three("a")
    edits = Edits("jan", AT, "mac", files={"a": record("a", 7, "david")}, seen=Seen(None, also=("a",)))
    assert lacks(apply(manifest, edits, "w")) == {"jan": ("a",), "eva": ("a",)}


def test_a_first_receipt_knows_what_was_sent_since_its_writer_looked() -> None:
    looked = three("a")
    del looked.receipts["jan"], looked.members["jan"]
    now = write(write(looked, "david", {"b": 1, "c": 1}), "eva", {"a": 1})
    edits = Edits("jan", AT, "mac", files={"c": record("c", 1, "jan")}, seen=everything())
    assert lacks(apply(now, edits, "w", looked=looked.files))["jan"] == ("b",)


def test_what_is_gone_nobody_lacks() -> None:
    manifest = write(three("a"), "david", {"b": 1})
    del manifest.files["b"]
    assert lacks(write(manifest, "david", {})) == {}


def test_a_member_of_an_older_version_is_not_waited_for() -> None:
    manifest = three("a")
    del manifest.receipts["jan"]
    manifest = write(manifest, "david", {"b": 1})
    assert "jan" not in manifest.receipts and "jan" in manifest.members
    assert "jan" not in write(manifest, "jan", {"x": 1}).receipts, "he looked at some files only"


def test_who_has_left_is_forgotten() -> None:
    manifest = write(write(three("a"), "david", {"b": 1}), "david", {}, leaves="jan")
    assert manifest.receipts.keys() == manifest.members.keys() == {"david", "eva"}


def test_more_than_a_receipt_names_is_counted() -> None:
    names = {f"{number:04d}": 1 for number in range(3 * MOST_NAMES)}
    manifest = write(three("a"), "david", names)
    jan = manifest.receipts["jan"]
    assert (len(jan.lacks), jan.count) == (MOST_NAMES, 3 * MOST_NAMES)
    assert write(manifest, "jan", {}, everything(knew=jan.lacks)).receipts["jan"] == Receipt()


@pytest.mark.parametrize(
    "found",
    [None, 7, [], "x", {"jan": []}, {"jan": {"lacks": 7}}, {"jan": {"lacks": ["x" * 1025]}}, {"jan": {"more": -1}}],
)
def test_what_is_no_receipt_is_none(found: object) -> None:
    assert read_receipts(found) == {}


def test_a_cleanup_hears_of_what_it_takes_alone() -> None:
    manifest = write(three("a"), "david", {"b": 1, "c": 1})
    assert lacking_of(manifest, "david", ["b", "a"]) == {
        "jan": Receipt(("b",)),
        "eva": Receipt(("b",)),
    }
    assert lacking_of(manifest, "jan", ["b"]).keys() == {"eva"}
    assert lacking_of(manifest, "david", ["a"]) == {}
    manifest.receipts["jan"] = Receipt(("b",), 7)
    assert lacking_of(manifest, "david", ["a", "x"]) == {"jan": Receipt((), 2)}


STEPS = st.lists(
    st.tuples(st.sampled_from(["david", "jan", "eva"]), st.sampled_from(["send", "fetch"]), st.integers(0, 4)),
    max_size=40,
)


@given(STEPS)
def test_after_any_story_a_receipt_says_what_is_lacking(story: list[tuple[str, str, int]]) -> None:
    """Each looks first; `fetch` fetches one file, `send` sends a new version over what is there."""
    manifest = three()
    holds: dict[str, dict[str, int]] = {"david": {}, "jan": {}, "eva": {}}
    newest: dict[str, int] = {}
    for version, (who, what, number) in enumerate(story):
        name = f"f{number}"
        if what == "send":
            newest[name] = holds[who][name] = version
        elif name in newest:
            holds[who][name] = newest[name]
        missing = tuple(sorted(one for one in newest if holds[who].get(one) != newest[one]))
        knew = manifest.receipts[who].lacks
        fetched = {name: newest[name]} if what == "fetch" and name in knew else {}
        sent = {name: version} if what == "send" else {}
        manifest = write(manifest, who, sent, everything(*missing, knew=knew, fetched=fetched))
        for member, held in holds.items():
            expected = {one for one in newest if held.get(one) != newest[one]}
            assert set(manifest.receipts[member].lacks) == expected
