"""Policies and rules of a bucket: the document shows the policy that is printed, and names open nothing more."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.bucket_rules import CORS, allows_pages, is_obsolete, wanted_lifecycle
from s3sync.core.policy import literal, member_policy, policy_name, same_policy, user_reason

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    ("heading", "reads_only"), [("A member: reads and writes", False), ("A member who only reads", True)]
)
def test_the_document_shows_the_policy_that_is_printed(heading: str, reads_only: bool) -> None:
    text = (DOCS / "iam-policy.md").read_text("utf-8").split(f"## {heading}\n")[1]
    shown = json.loads(re.findall("```json\n(.*?)```", text, re.DOTALL)[0])
    assert shown == member_policy("OUR-BUCKET", "", "v-appydave", reads_only=reads_only)


def test_a_prefix_and_a_region_of_another_part_of_aws() -> None:
    policy: Any = member_policy("b", "team/", "repo", versions=True, region="cn-north-1")
    text = json.dumps(policy)
    assert '"arn:aws-cn:s3:::b/team/repo/*"' in text and '["team/repo/*"]' in text and "arn:aws:" not in text
    assert "s3:DeleteObjectVersion" not in text and "s3:GetObjectVersion" in text
    assert "s3:Put" not in json.dumps(member_policy("b", "", "r", reads_only=True, versions=True))


def test_a_reader_who_acknowledges_writes_metadata_json_of_a_project_and_nothing_else() -> None:
    policy: Any = member_policy("b", "t/", "r", reads_only=True, acknowledges=True)
    probes, allow, deny = policy["Statement"][-3:]
    assert (allow["Effect"], deny["Effect"], allow["Action"], deny["Action"]) == (
        "Allow",
        "Deny",
        *["s3:PutObject"] * 2,
    )
    assert probes["Resource"].endswith("/t/r/*/.s3sync/probe-*") and json.dumps(policy).count("s3:Put") == 3

    def may_write(key: str) -> bool:
        where = f"arn:aws:s3:::b/{key}"
        return fnmatchcase(where, allow["Resource"]) and not fnmatchcase(where, deny["Resource"])

    assert may_write("t/r/p/metadata.json")
    others = ("t/r/p/a.mp4", "t/r/p/cut/metadata.json", "t/r/.s3sync/locks/p/metadata.json", "t/other/p/metadata.json")
    assert not any(map(may_write, others))
    assert member_policy("b", "", "r", acknowledges=True) == member_policy("b", "", "r"), "of one who writes anyway"


@given(st.text("ab*?$-", min_size=1, max_size=8))
def test_a_name_with_wildcards_means_itself_alone(name: str) -> None:
    kept = re.sub(r"\$\{([*?$])\}", lambda found: f"[{found[1]}]", literal(name))
    assert fnmatchcase(name, kept)
    assert not re.search(r"[*?$]", re.sub(r"\$\{[*?$]\}", "", literal(name)))


def test_the_same_rights_in_another_order_are_the_same_policy() -> None:
    policy: Any = member_policy("b", "", "r")
    other = json.loads(json.dumps(policy))
    other["Statement"].reverse()
    other["Statement"][0]["Action"].reverse()
    other["Statement"][-1]["Action"] = ["s3:ListBucket"]
    assert same_policy(other, policy) and not same_policy(None, policy)
    other["Statement"][0]["Resource"] = "*"
    assert not same_policy(other, policy)


def test_names_that_iam_takes() -> None:
    assert policy_name("team/", "v appydave/ü") == "s3sync-team-v-appydave--"
    assert user_reason("jan.k@x+y") is None
    assert all(map(user_reason, ("", "a b", "../x", "a" * 65, "a\nb", "jan;x")))


RULE: dict[str, Any] = {
    "ID": "theirs",
    "Status": "Enabled",
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}


OURS = ["inbox-of-r", "pages-of-r", "shares-of-r", "old-records-of-r"]


@pytest.mark.parametrize(
    ("present", "days", "names"),
    [
        ([], 90, ["unfinished-uploads", "trash-of-r", *OURS]),
        ([], None, ["unfinished-uploads", *OURS]),
        ([{**RULE, "Filter": {"Prefix": ""}}], None, OURS),
        ([{**RULE, "Filter": {"Prefix": "team/"}}], None, OURS),
        ([{**RULE, "Prefix": ""}], None, OURS),
        ([{**RULE, "Filter": {"Prefix": "other/"}}], None, ["unfinished-uploads", *OURS]),
        ([{**RULE, "Filter": {"Tag": {"Key": "a", "Value": "b"}}}], None, ["unfinished-uploads", *OURS]),
        ([{**RULE, "Filter": {"Prefix": ""}, "Status": "Disabled"}], None, ["unfinished-uploads", *OURS]),
    ],
)
def test_the_table_of_lifecycle_rules(present: list[dict[str, Any]], days: int | None, names: list[str]) -> None:
    found = wanted_lifecycle("team/", "r", present, trash_days=days)
    assert [rule["ID"] for rule in found] == [f"s3sync-bucket-{name}@team/" for name in names]
    ending = {rule["Filter"]["Prefix"] for rule in found if "Expiration" in rule}
    assert ending <= {f"team/r/.s3sync/{kind}/" for kind in ("trash", "inbox", "pages", "shares")}
    assert all(rule["Filter"]["Prefix"].startswith("team/") for rule in found), "nothing outside of the store"
    again = wanted_lifecycle("team/", "r", [*present, *found], trash_days=days)
    assert again == found, "our own rule is no reason to leave it out"


def test_only_a_trash_rule_of_this_repository_is_taken_out_again() -> None:
    before = wanted_lifecycle("", "r", [], trash_days=9)
    wanted = wanted_lifecycle("", "r", before, trash_days=None)
    others = wanted_lifecycle("", "other", [], trash_days=9)[1:]
    gone = [rule["ID"] for rule in [*before, *others, RULE] if is_obsolete(rule, wanted, "", "r")]
    assert gone == ["s3sync-bucket-trash-of-r"]


def test_pages_are_allowed_by_our_rule_and_by_one_that_says_as_much() -> None:
    assert allows_pages([CORS]) and not allows_pages([]) and not allows_pages([{**CORS, "AllowedMethods": ["GET"]}])
    assert not allows_pages([{**CORS, "AllowedOrigins": ["https://x.org"]}])
