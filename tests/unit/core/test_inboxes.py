"""What clients send, as names and as records: nothing of it is obeyed, and each file is recorded once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.inboxes import (
    CLIENT,
    LATE,
    MOST_CLAIMS,
    Claim,
    Inbox,
    InboxChange,
    client_name,
    file_name,
    free_name,
    modified_ns,
    read_claims,
    read_inboxes,
)
from s3sync.core.manifest.edits import Edits, apply
from s3sync.core.manifest.parse import parse
from s3sync.core.manifest.record import DeletedRecord, FileRecord, Manifest, render
from s3sync.core.names import refuse_reason, windows_reason
from s3sync.core.spelling import obeyed_reason

ID, KEY = "ab" * 16, "cd" * 16
ENTRY = f"{ID}/{KEY}"
NOON = datetime(2026, 11, 26, 12, 0, 5, tzinfo=UTC)

NAMES = [
    ("draft 1.mov", "draft 1.mov"),
    ("Käse.mp4", "Käse.mp4"),
    ("映画.mp4", "映画.mp4"),
    ("../../etc/passwd", "passwd"),
    ("..\\..\\boot.ini", "boot.ini"),
    ("C:\\Users\\anna\\cut.mov", "cut.mov"),
    ("..", "file"),
    ("", "file"),
    ("a/", "file"),
    (".bashrc", "bashrc"),
    (".git", "git"),
    ("-rf", "rf"),
    ("metadata.json", "received-metadata.json"),
    ("HEAD", "received-HEAD"),
    ("CON.txt", "received-CON.txt"),
    ("evil.lnk", "evil.lnk.received"),
    ("setup.exe", "setup.exe.received"),
    ("desktop.ini", "received-desktop.ini"),
    ("a\x1b[31mred\x07.mov", "a [31mred .mov"),
    ("two\nlines.mov", "two lines.mov"),
    ("gnp\u202evom.exe\u2069.mov", "gnpvom.exe.mov"),
    ("<script>alert(1)</script>.mov", "script-.mov"),
    ("a|b?c*.mov", "a-b-c-.mov"),
    ("file. ", "file"),
]


@pytest.mark.parametrize(("sent", "taken"), NAMES)
def test_a_name_of_a_client_becomes_one_that_every_disk_holds(sent: str, taken: str) -> None:
    assert file_name(quote(sent, safe="")) == taken


@given(st.text(st.characters(), max_size=400) | st.text("./\\%- ~:CONheadgit\x1b\u202e", max_size=40))
def test_no_name_of_a_client_is_obeyed_by_anything(sent: str) -> None:
    for field in (quote(sent, safe="", errors="surrogatepass"), sent):
        name = file_name(field)
        assert "/" not in name and len(name.encode()) <= 255 and name.isprintable()
        assert refuse_reason(name) is None and windows_reason(name) is None and obeyed_reason(name) is None
        client = client_name(field)
        assert client.startswith(CLIENT) and client.isprintable() and len(client.encode()) <= 64
        assert not set(client.removeprefix(CLIENT)) & set("<>&\"'`\\/;:=$") - set("&'")


def test_a_client_is_called_as_he_says_or_someone() -> None:
    assert client_name("Anna%20M%C3%BCller") == "client:Anna Müller"
    assert client_name("%1b%5d0;x%07%3Cb%3EAnna") == "client:0x bAnna"
    assert client_name("  ") == client_name("") == client_name("%E2%80%AE") == "client:someone"
    assert len(client_name("a" * 5000)) == len(CLIENT) + 40


def test_a_long_name_keeps_its_ending() -> None:
    assert file_name("a" * 400 + ".mov").endswith("a.mov") and len(file_name("a" * 400 + ".mov")) == 180


def test_a_taken_name_gets_the_client_and_the_time() -> None:
    taken = {"draft.mov"}
    first = free_name("draft.mov", "client:Anna B", NOON, taken.__contains__)
    assert first == "draft.client-Anna-B-20261126-120005.mov"
    taken.add(first)
    second = free_name("draft.mov", "client:Anna B", NOON, taken.__contains__)
    assert second == "draft.client-Anna-B-20261126-120005-2.mov"
    assert free_name("other.mov", "client:Anna B", NOON, taken.__contains__) == "other.mov"
    assert len(free_name("a" * 240 + ".mov", "client:" + "ä" * 28, NOON, lambda name: len(name) > 240).encode()) <= 255


def test_the_time_of_a_clients_file_is_one_of_the_calendar_or_none() -> None:
    assert modified_ns("1700000000123") == 1_700_000_000_123_000_000
    assert modified_ns("-5") is modified_ns("") is modified_ns("1e9") is modified_ns("9" * 15) is None


def test_an_inbox_is_looked_at_for_two_days_after_its_end() -> None:
    inbox = Inbox("jan", "2026-11-24T12:00:00Z", "2026-11-26T12:00:05Z", "2026-11-25T00:00:00Z")
    assert not inbox.is_over(NOON + LATE) and inbox.is_over(NOON + LATE + timedelta(seconds=1))
    assert inbox.takes(datetime(2026, 11, 25, tzinfo=UTC)) and not inbox.takes(NOON)
    assert Inbox("jan", "", "soon").is_over(NOON) and Inbox("jan", "", "9999-12-31T23:59:59Z").is_over(NOON)


@pytest.mark.parametrize(
    ("found", "count"),
    [
        ([], 0),
        ({ID: 5, "x": {"by": "jan", "at": "", "until": ""}}, 0),
        ({ID: {"by": "jan", "at": "", "until": "", "newer": 1}}, 1),
        ({"../" + ID: {"by": "jan", "at": "", "until": ""}}, 0),
        ({f"{number:032x}": {"by": "jan", "at": "", "until": ""} for number in range(500)}, 100),
    ],
)
def test_what_is_no_inbox_is_passed_over(found: object, count: int) -> None:
    assert len(read_inboxes(found)) == count


@pytest.mark.parametrize("name", ["../x", "a/b", ".git", "metadata.json", "evil.exe", "a\x1b.mov", ""])
def test_a_claim_of_a_bad_name_is_none(name: str) -> None:
    assert read_claims({ENTRY: {"etag": "e", "name": name}}) == {}
    assert read_claims({ENTRY: {"etag": "e", "name": "a.mov"}}) == {ENTRY: Claim("e", "a.mov")}
    assert read_claims({f"{ID}/../{KEY}": {"etag": "e", "name": "a.mov"}}) == {}


def edits(**changes: object) -> Edits:
    change = InboxChange(**{key: one for key, one in changes.items() if key != "arrived"})  # type: ignore[arg-type]
    arrived = changes.get("arrived", {})
    return Edits("jan", "2026-11-26T12:00:00Z", "host", inboxes=change, arrived=arrived, counts_as_sync=False)  # type: ignore[arg-type]


def record(name: str, etag: str = "e") -> FileRecord:
    return FileRecord(name, 5, "client:Anna", "2026-11-26T11:00:00Z", md5="m", etag=etag)


def with_inbox(**more: object) -> Manifest:
    inboxes = {ID: Inbox("jan", "2026-11-24T12:00:00Z", "2026-11-26T12:00:05Z")}
    return Manifest("p", "r", inboxes=inboxes, **more)  # type: ignore[arg-type]


def test_the_first_claim_of_a_file_stands() -> None:
    known = apply(with_inbox(), edits(claimed={ENTRY: Claim("e", "a.mov")}), "1")
    again = apply(known, edits(claimed={ENTRY: Claim("e", "b.mov")}), "2")
    assert again.arriving == {ENTRY: Claim("e", "a.mov")}
    other = apply(again, edits(claimed={f"{ID}/{'ef' * 16}": Claim("e", "A.MOV")}), "3")
    assert other.arriving == again.arriving, "no two files get one name"
    newer = apply(again, edits(claimed={ENTRY: Claim("e2", "c.mov")}), "4")
    assert newer.arriving == {ENTRY: Claim("e2", "c.mov")}, "another version is another file"


def test_a_name_that_a_file_has_or_had_is_not_claimed() -> None:
    known = with_inbox(files={"a.mov": record("a.mov")}, deleted={"b.mov": DeletedRecord("b.mov", "jan", "")})
    for name in ("a.mov", "b.mov"):
        assert apply(known, edits(claimed={ENTRY: Claim("e", name)}), "1").arriving == {}


def test_a_file_is_recorded_once_and_told_once() -> None:
    known = with_inbox(arriving={ENTRY: Claim("e", "a.mov")})
    taken = apply(known, edits(arrived={ENTRY: record("a.mov")}), "1")
    assert taken.files["a.mov"] == record("a.mov") and taken.arriving[ENTRY].done
    (event,) = taken.events
    assert (event["by"], event["verb"], event["counts"]) == ("client:Anna", "receive", {"received": 1})
    for etag in ("e", "other"):  # another who found the copy, or made one after somebody had deleted it
        again = apply(taken, edits(arrived={ENTRY: record("a.mov", etag)}), "2")
        assert again.files == taken.files and again.events == taken.events


def test_what_became_of_the_file_since_it_was_copied_stays() -> None:
    claims = {ENTRY: Claim("e", "a.mov")}
    newer = apply(
        with_inbox(arriving=claims, files={"a.mov": record("a.mov", "newer")}),
        edits(arrived={ENTRY: record("a.mov")}),
        "1",
    )
    assert newer.files["a.mov"].etag == "newer" and newer.events == []
    gone = with_inbox(arriving=claims, deleted={"a.mov": DeletedRecord("a.mov", "jan", "")})
    after = apply(gone, edits(arrived={ENTRY: record("a.mov")}), "1")
    assert after.files == {} and after.deleted and after.arriving[ENTRY].done


def test_others_are_told_to_lack_what_arrived() -> None:
    from s3sync.core.receipts import Receipt

    known = with_inbox(arriving={ENTRY: Claim("e", "a.mov")}, receipts={"jan": Receipt(), "david": Receipt()})
    taken = apply(known, edits(arrived={ENTRY: record("a.mov")}), "1")
    assert taken.receipts["david"].lacks == ("a.mov",)


def test_an_inbox_is_ended_once_and_forgotten_with_its_claims() -> None:
    known = apply(with_inbox(arriving={ENTRY: Claim("e", "a.mov", True)}), edits(ended={ID: "1", "ff" * 16: "1"}), "1")
    assert known.inboxes[ID].ended == "1"
    assert apply(known, edits(ended={ID: "2"}), "2").inboxes[ID].ended == "1"
    gone = apply(known, edits(gone={ID}), "3")
    assert gone.inboxes == {} and gone.arriving == {}


def test_a_claim_that_was_done_since_is_not_dropped() -> None:
    claim = Claim("e", "a.mov")
    known = with_inbox(arriving={ENTRY: msgspec.structs.replace(claim, done=True)})
    assert apply(known, edits(dropped={ENTRY: claim}), "1").arriving == known.arriving
    assert apply(with_inbox(arriving={ENTRY: claim}), edits(dropped={ENTRY: claim}), "1").arriving == {}


def test_claims_are_bounded() -> None:
    many = {f"{ID}/{number:032x}": Claim("e", f"{number}.mov") for number in range(MOST_CLAIMS + 5)}
    assert len(apply(with_inbox(), edits(claimed=many), "1").arriving) == MOST_CLAIMS


def test_metadata_json_keeps_inboxes_and_claims() -> None:
    known = with_inbox(arriving={ENTRY: Claim("e", "a.mov", True)})
    read = parse(b"".join(render(known)))
    assert read.inboxes == known.inboxes and read.arriving == known.arriving and read.extra == {}
    assert b"inboxes" not in b"".join(render(Manifest("p", "r")))
