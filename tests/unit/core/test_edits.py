"""What a run changes in metadata.json, also when it is applied to what others wrote meanwhile."""

from __future__ import annotations

import msgspec

from s3sync.core import limits
from s3sync.core.manifest.edits import KEPT_BOTH, KEPT_COPY, KEPT_NAME, Edits, apply, deleted_since, doubtful
from s3sync.core.manifest.parse import parse
from s3sync.core.manifest.record import (
    ConflictRecord,
    DeletedRecord,
    FileRecord,
    Manifest,
    MemberRecord,
)
from tests.kit.manifests import text_of

AT = "2025-11-03T10:00:00Z"


def record(name: str, etag: str = "e1", by: str = "jan") -> FileRecord:
    return FileRecord(name, 1, by, AT, "a" * 32, etag)


def deletion(name: str, by: str = "jan") -> DeletedRecord:
    return DeletedRecord(name, by, AT, "a" * 32)


def manifest(*files: FileRecord) -> Manifest:
    return Manifest("b63", "v", revision=7, write_id="before", files={file.name: file for file in files})


def edits(by: str = "jan", at: str = AT) -> Edits:
    return Edits(by=by, at=at, host=f"{by}s-mac")


def everything() -> Edits:
    """One of each kind of edit."""
    made = edits()
    made.files["new"] = record("new")
    made.repaired["foreign"] = record("foreign", "e9", "unknown")
    made.deleted["old"] = deletion("old")
    made.vanished["lost"] = record("lost")
    made.conflicts.append(ConflictRecord("new", "new.conflict", "jan", AT))
    made.resolved.append(decided("other.conflict", "jan", KEPT_BOTH))
    return made


def test_every_kind_of_edit() -> None:
    before = manifest(record("old"), record("lost"), record("foreign", "e1"), record("stays"))
    after = apply(before, everything(), "w1")
    assert after.files == {
        "new": record("new"),
        "foreign": record("foreign", "e9", "unknown"),
        "stays": record("stays"),
    }
    assert after.deleted == {"old": deletion("old")}
    assert after.conflicts == [ConflictRecord("new", "new.conflict", "jan", AT, resolved=True)]
    assert (after.revision, after.write_id, after.last_sync, after.last_sync_by) == (8, "w1", AT, "jan")
    assert after.members == {"jan": MemberRecord(8, AT, "jans-mac")}


def test_the_manifest_that_was_read_is_left_as_it_was() -> None:
    before = manifest(record("old"), record("lost"))
    copy = msgspec.convert(msgspec.to_builtins(before), Manifest)
    apply(before, everything(), "w1")
    assert before == copy


def test_applying_twice_changes_only_the_revision_and_the_write_id() -> None:
    once = apply(manifest(record("old"), record("lost")), everything(), "w1")
    twice = apply(once, everything(), "w2")
    assert (twice.revision, twice.write_id) == (once.revision + 1, "w2")
    twice.revision, twice.write_id = once.revision, once.write_id
    twice.members["jan"].revision -= 1
    assert twice == once


def test_edits_of_different_files_commute() -> None:
    jans, davids = edits("jan"), edits("david")
    jans.files["a"] = record("a")
    jans.deleted["x"] = deletion("x")
    davids.files["b"] = record("b", by="david")
    davids.deleted["y"] = deletion("y", "david")
    davids.vanished["z"] = record("z")
    before = manifest(record("x"), record("y"), record("z"), record("stays"))
    one = apply(apply(before, jans, "1"), davids, "2")
    other = apply(apply(before, davids, "1"), jans, "2")
    assert one.files == other.files == {name: file for name, file in one.files.items() if name in ("a", "b", "stays")}
    assert one.files.keys() == {"a", "b", "stays"}
    assert one.deleted == other.deleted
    assert one.members.keys() == other.members.keys() == {"jan", "david"}
    assert one.revision == other.revision == 9


def test_a_record_vanishes_only_when_it_is_still_the_same() -> None:
    made = edits()
    made.vanished["a"] = record("a", "e1")
    assert apply(manifest(record("a", "e1")), made, "w").files == {}
    reuploaded = record("a", "e2", "david")
    assert apply(manifest(reuploaded), made, "w").files == {"a": reuploaded}
    assert apply(manifest(), made, "w").files == {}


def test_a_repair_never_replaces_a_record_of_the_same_version() -> None:
    made = edits()
    made.repaired["a"] = record("a", "e1", "unknown")
    known = record("a", "e1", "david")
    assert apply(manifest(known), made, "w").files == {"a": known}
    assert apply(manifest(record("a", "e0", "david")), made, "w").files == {"a": made.repaired["a"]}
    assert apply(manifest(), made, "w").files == {"a": made.repaired["a"]}


def test_a_deletion_that_is_written_late_leaves_what_another_put_there_since() -> None:
    gone = edits()
    gone.deleted["a"] = deletion("a")
    newer = FileRecord("a", 2, "david", AT, "b" * 32, "e2")
    after = apply(manifest(newer), gone, "w")
    assert (after.files, after.deleted) == ({"a": newer}, {})


def test_f17_a_deletion_doubts_a_record_that_another_wrote_since() -> None:
    """Of the same content the record says nothing about whether the object is the deleted one or a new one."""
    gone, back = edits(), record("a", by="david")
    gone.deleted["a"] = deletion("a")
    assert doubtful(manifest(back), gone, manifest(record("a"))) == ["a"]
    assert doubtful(manifest(back), gone, manifest()) == ["a"]
    assert doubtful(manifest(back), gone, manifest(back)) == []
    assert doubtful(manifest(), gone, manifest(record("a"))) == []
    after = apply(manifest(back), gone, "w", {"a"})
    assert (after.files, after.deleted) == ({"a": back}, {})
    assert apply(manifest(back), gone, "w").files == {}


def test_f17_what_this_run_may_have_uploaded_does_not_vanish_unasked() -> None:
    lost, before = edits(), manifest(record("a"), record("b"))
    lost.vanished.update(before.files)
    assert doubtful(before, lost, before) == []
    lost.doubted.add("a")
    assert doubtful(before, lost, before) == ["a"]
    assert apply(before, lost, "w", {"a"}).files == {"a": record("a")}
    lost.files["a"] = record("a", "e2")
    assert doubtful(before, lost, before) == []


def test_an_upload_ends_a_deletion() -> None:
    gone, back = edits(), edits()
    gone.deleted["a"] = deletion("a")
    back.files["a"] = record("a", "e2")
    after = apply(apply(manifest(record("a")), gone, "1"), back, "2")
    assert (after.files, after.deleted) == ({"a": record("a", "e2")}, {})


def test_a_conflict_is_resolved_when_its_copy_is_gone() -> None:
    copy = "a.conflict-jan-20251103-143000.mp4"
    made, removed = edits(), edits("david")
    made.files[copy] = record(copy)
    made.conflicts.append(ConflictRecord("a.mp4", copy, "jan", AT))
    open_ = apply(manifest(record("a.mp4")), made, "1")
    assert [conflict.resolved for conflict in open_.conflicts] == [False]
    assert [conflict.resolved for conflict in apply(open_, edits("david"), "2").conflicts] == [False]
    removed.deleted[copy] = deletion(copy, "david")
    closed = apply(open_, removed, "2")
    assert closed.conflicts == [ConflictRecord("a.mp4", copy, "jan", AT, resolved=True)]
    assert [conflict.resolved for conflict in open_.conflicts] == [False]


def decided(copy: str, by: str, resolution: str) -> ConflictRecord:
    return ConflictRecord("a.mp4", copy, "jan", AT, True, by, AT, resolution)


def test_who_decides_a_conflict_first_stays_recorded_and_nothing_opens_it_again() -> None:
    copy = "a.conflict-jan-20251103-143000.mp4"
    made, first, second, late = edits(), edits("david"), edits("eva"), edits()
    made.files[copy] = record(copy)
    made.conflicts.append(ConflictRecord("a.mp4", copy, "jan", AT))
    open_ = apply(manifest(record("a.mp4")), made, "1")
    first.resolved.append(decided(copy, "david", KEPT_BOTH))
    second.resolved.append(decided(copy, "eva", KEPT_NAME))
    late.conflicts.append(ConflictRecord("a.mp4", copy, "jan", AT))  # of a run that was killed after it was told
    for edit in (first, second, late):
        open_ = apply(open_, edit, "2")
        assert open_.conflicts == [decided(copy, "david", KEPT_BOTH)]
    assert parse(text_of(open_)).conflicts == open_.conflicts


def test_a_conflict_is_decided_with_the_deletion_of_its_copy() -> None:
    copy = "a.conflict-jan-20251103-143000.mp4"
    before = manifest(record("a.mp4"), record(copy))
    before.conflicts = [ConflictRecord("a.mp4", copy, "jan", AT)]
    made = edits("david")
    made.deleted[copy] = deletion(copy, "david")
    made.resolved = [decided(copy, "david", KEPT_COPY), decided("of nothing", "david", KEPT_COPY)]
    assert apply(before, made, "1").conflicts == [decided(copy, "david", KEPT_COPY)]


def test_only_real_changes_are_substantial() -> None:
    assert not edits().substantial
    assert everything().substantial
    for kind in ("files", "repaired", "deleted", "vanished", "conflicts", "resolved"):
        made = edits()
        setattr(made, kind, getattr(everything(), kind))
        assert made.substantial, kind


def test_a_repair_alone_is_no_sync() -> None:
    before = manifest()
    before.last_sync, before.last_sync_by = "2025-01-01T00:00:00Z", "david"
    made = everything()
    made.counts_as_sync = False
    after = apply(before, made, "w")
    assert (after.last_sync, after.last_sync_by) == ("2025-01-01T00:00:00Z", "david")


def test_only_the_last_deletions_are_kept() -> None:
    now = manifest()
    for number in range(limits.now.deletions_kept + 5):
        made = edits()
        made.deleted[f"{number}"] = deletion(f"{number}")
        now = apply(now, made, "w")
    again = edits()
    again.deleted["5"] = deletion("5", "david")
    kept = parse(text_of(apply(now, again, "w"))).deleted
    assert len(kept) == limits.now.deletions_kept
    assert list(kept)[-1] == "5" and list(kept)[-2] == f"{limits.now.deletions_kept + 4}"
    assert "0" not in kept and "6" in kept


BLAKE3 = {"blake3": "of this content"}


def with_unknown_fields() -> Manifest:
    """Two files and a deletion, of which a newer version knows more than we do."""
    known = manifest(record("a"), record("b"))
    known.deleted["c"] = deletion("c")
    known.extras = {("files", "a"): BLAKE3, ("files", "b"): BLAKE3, ("deleted", "c"): BLAKE3}
    return known


def test_unknown_fields_go_with_the_version_that_they_speak_of() -> None:
    before, made = with_unknown_fields(), edits()
    made.files["a"] = record("a", "e2")
    made.files["c"] = record("c")
    assert apply(before, made, "w").extras == {("files", "b"): BLAKE3}
    assert before.extras == with_unknown_fields().extras


def test_unknown_fields_of_a_deleted_file_do_not_come_back_with_it() -> None:
    gone, back = edits(), edits()
    gone.deleted["a"] = deletion("a")
    back.files["a"] = record("a")
    after = apply(apply(with_unknown_fields(), gone, "1"), back, "2")
    assert after.extras == {("files", "b"): BLAKE3, ("deleted", "c"): BLAKE3}


def test_unknown_fields_of_an_object_that_was_replaced_go() -> None:
    made = edits()
    made.repaired["a"] = record("a", "e2", "unknown")
    made.vanished["b"] = record("b")
    assert apply(with_unknown_fields(), made, "w").extras == {("deleted", "c"): BLAKE3}


def test_unknown_fields_stay_where_the_content_stays() -> None:
    made = edits()
    made.files["a"] = record("a", by="david")
    made.files["new"] = record("new")
    made.repaired["b"] = record("b", by="unknown")
    assert apply(with_unknown_fields(), made, "w").extras == with_unknown_fields().extras


def test_a_record_of_this_version_that_lies_about_its_size_is_repaired() -> None:
    before = Manifest("p", "r", files={"a": FileRecord("a", 99, "jan", "x", etag="e")})
    edits = Edits("david", "y", "pc")
    edits.repaired["a"] = FileRecord("a", 4, "jan", "x", etag="e")
    assert apply(before, edits, "w").files["a"].size_bytes == 4


def cleaned(name: str, by: str = "jan") -> DeletedRecord:
    return DeletedRecord(name, by, AT, "a" * 32, cleaned=True)


def test_a12_a_cleanup_that_is_announced_explains_what_goes_and_changes_nothing_else() -> None:
    made = edits()
    made.announced = {name: cleaned(name) for name in ("here", "gone by david", "put back")}
    made.repaired["put back"] = record("put back", "e9")
    before = manifest(record("here"))
    before.deleted = {name: deletion(name, "david") for name in ("gone by david", "put back")}
    after = apply(before, made, "w1")
    assert made.substantial and after.files == {"here": record("here"), "put back": record("put back", "e9")}
    assert after.deleted == {"gone by david": deletion("gone by david", "david")} | {
        name: cleaned(name) for name in ("here", "put back")
    }
    assert [after.is_cleaned(name) for name in ("here", "gone by david", "put back")] == [True, False, True]


def test_a12_a_file_that_is_sent_again_is_announced_no_more() -> None:
    made = edits()
    made.files["here"] = record("here", "e2")
    before = manifest(record("here"))
    before.deleted = {"here": cleaned("here")}
    assert apply(before, made, "w1", outlived=before.deleted).deleted == {}
    assert apply(before, made, "w1").deleted == before.deleted  # announced since: the cleanup may take it yet


def test_a12_a_file_that_somebody_deleted_while_it_was_told_stays_deleted() -> None:
    made = edits("david")
    made.files = {name: record(name, "e2", "david") for name in ("cleaned", "deleted", "again", "sent")}
    before = manifest(record("again", "e1"))
    seen = {"sent": deletion("sent")}
    before.deleted = {"cleaned": cleaned("cleaned"), "deleted": deletion("deleted"), "again": deletion("again"), **seen}
    known = manifest()
    known.deleted = seen
    assert deleted_since(before, made, before) == []
    assert deleted_since(before, made, known) == ["cleaned", "deleted", "again"]
    after = apply(before, made, "w1", outlived=seen, gone={"cleaned", "deleted"})
    assert after.files.keys() == {"again", "sent"}
    assert after.deleted == {"cleaned": cleaned("cleaned"), "deleted": deletion("deleted")}


def test_a12_of_a_large_cleanup_no_more_is_announced_than_is_kept() -> None:
    made = edits()
    names = [f"{number:05}" for number in range(limits.now.deletions_kept)]
    made.announced = {name: cleaned(name) for name in names}
    before = manifest(*map(record, names))
    before.deleted = {name: deletion(name) for name in ("a", "b")}
    assert list(apply(before, made, "w1").deleted) == names


def test_f01_what_a_killed_run_put_back_is_called_deleted_no_more() -> None:
    made = edits()
    for name in ("put back", "deleted again", "cleaned before"):
        made.repaired[name] = record(name, "e9", "jan")
    known = {"put back": deletion("put back", "david"), "cleaned before": cleaned("cleaned before", "david")}
    known["deleted again"] = deletion("deleted again", "david")
    before = manifest()
    before.deleted = {**known, "deleted again": deletion("deleted again", "mia")}
    assert apply(before, made, "w1", outlived=known).deleted == {"deleted again": deletion("deleted again", "mia")}
