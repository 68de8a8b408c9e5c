"""Rules of replication beside those of others, and the least rights of the role."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from s3sync.core.archive.lifecycle import MOVE_TAG, moves_of
from s3sync.core.archive.lifecycle import wanted_rules as lifecycle_rules
from s3sync.core.archive.values import ArchiveSet
from s3sync.core.replication import as_replicated, merge, role_name, role_policy, rule_text, wanted_rules

THERE = "arn:aws:s3:::lab-replica"
FOREIGN = {
    "ID": "logs",
    "Priority": 7,
    "Status": "Enabled",
    "Filter": {"Prefix": "logs/"},
    "Destination": {"Bucket": "arn:aws:s3:::elsewhere"},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "SomethingNew": {"x": [1]},
}
DEEP = ArchiveSet("deep", "s3://lab/x", "raw", storage_class="DEEP_ARCHIVE", replica_region="eu-west-1")


@pytest.mark.parametrize("root", ["", "lab/"])
def test_rules_of_others_stay_and_ours_are_above_them(root: str) -> None:
    wanted = wanted_rules(root, THERE, ["GLACIER", "DEEP_ARCHIVE", "GLACIER"])
    found = merge([FOREIGN], wanted, root)
    assert found.others == (FOREIGN,) and found.rules[0] is FOREIGN and found.problem is None
    priorities = [rule["Priority"] for rule in found.rules]
    assert len(set(priorities)) == 4 and min(priorities[1:]) > 7
    by_id = {rule["ID"].partition("@")[0]: rule for rule in found.rules}
    assert by_id["s3sync-replica"]["Priority"] == min(priorities[1:]), "what names a class comes before what names none"
    assert by_id["s3sync-replica-glacier"]["Destination"] == {"Bucket": THERE, "StorageClass": "GLACIER"}
    assert {rule["DeleteMarkerReplication"]["Status"] for rule in found.rules[1:]} == {"Disabled"}
    again = merge(found.rules, wanted, root)
    assert again.is_same and again.rules == found.rules


def test_a_class_that_is_no_longer_wanted_goes_and_rules_of_another_store_stay() -> None:
    other = [{**rule, "Priority": 1} for rule in wanted_rules("other/", THERE, ["GLACIER"])]
    before = merge(other, wanted_rules("lab/", THERE, ["GLACIER"]), "lab/")
    after = merge(before.rules, wanted_rules("lab/", THERE, []), "lab/")
    assert [rule["ID"] for rule in after.removed] == ["s3sync-replica-glacier@lab/"]
    assert after.others == tuple(other) and not after.changed


def test_another_destination_is_a_change() -> None:
    before = merge([], wanted_rules("", THERE, []), "")
    after = merge(before.rules, wanted_rules("", "arn:aws:s3:::third", []), "")
    assert [rule_text(rule) for rule in after.changed] == ["in the whole bucket to third"]


def test_rules_of_the_older_form_stand_beside_no_others() -> None:
    old = {"ID": "old", "Status": "Enabled", "Prefix": "", "Destination": {"Bucket": THERE}}
    assert "older form" in str(merge([old], wanted_rules("", THERE, []), "").problem)
    many = [{**FOREIGN, "ID": str(n), "Priority": n} for n in range(1000)]
    assert "1000" in str(merge(many, wanted_rules("", THERE, []), "").problem)


def test_a_set_with_a_replica_sends_standard_and_a_rule_moves_it_at_once() -> None:
    sent = as_replicated(DEEP)
    assert (sent.storage_class, sent.tags) == ("STANDARD", {MOVE_TAG: "DEEP_ARCHIVE"})
    assert as_replicated(sent) == sent, "it is the same a second time"
    rules = lifecycle_rules([sent], "x/").rules
    assert moves_of(rules, "x/raw/m31.tar", sent.tags, 1 << 30) == ((0, "DEEP_ARCHIVE"),)
    assert moves_of(rules, "x/raw/m31.tar.index.json", {}, 1 << 30) == ()
    for other in (replace(DEEP, replica_region=None), replace(DEEP, storage_class="STANDARD")):
        assert as_replicated(other) is other
        assert MOVE_TAG not in str(lifecycle_rules([other], "x/").rules)


def test_the_role_may_read_here_and_write_there_and_delete_nothing() -> None:
    policy: Any = role_policy("lab", "x*/", "lab-replica", "eu-central-1")
    actions = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert not any("Delete" in action or action.startswith("s3:Put") or "*" in action for action in actions)
    where = {statement["Sid"]: statement["Resource"] for statement in policy["Statement"]}
    assert where["ReadWhatIsReplicated"] == "arn:aws:s3:::lab/x${*}/*"
    assert where["WriteReplicas"] == "arn:aws:s3:::lab-replica/x${*}/*"
    assert len(role_name("b" * 63)) <= 64
