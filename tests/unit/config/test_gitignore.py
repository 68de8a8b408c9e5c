from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.setup.gitignore import END, START, merge_gitignore

TEMPLATE = "\n# heavy\ns3-staging/\n\n.video-tools.env\n"
BLOCK = f"{START}\n# heavy\ns3-staging/\n\n.video-tools.env\n{END}\n"


@pytest.mark.parametrize(
    ("existing", "merged"),
    [
        ("", BLOCK),
        ("a\n", f"a\n\n{BLOCK}"),
        ("a", f"a\n\n{BLOCK}"),
        ("a\n\n", f"a\n\n{BLOCK}"),
        ("a\r\n", f"a\n\n{BLOCK}".replace("\n", "\r\n")),
        (f"a\n{START}\nold\n{END}\nb\n", f"a\n{BLOCK}b\n"),
        (f"a\n{START}\nold\n{END}", f"a\n{BLOCK}"),
        (f"{START}\n1\n{END}\na\n{START}\n2\n{END}\nb\n", f"{BLOCK}a\nb\n"),
        (f"a\n{START}\nb\n", f"a\nb\n\n{BLOCK}"),
        (f"a\n{END}\nb\n", f"a\nb\n\n{BLOCK}"),
        (f"{START}\na\n{START}\nold\n{END}\nb\n", f"a\n{BLOCK}b\n"),
        (f"\ufeff{START}  \nold\n {END}\nb\n", f"old\n {END}\nb\n\n{BLOCK}"),
        (f"{START}\nold\n{END}  \r\nb\r\n", f"{BLOCK}b\n".replace("\n", "\r\n")),
    ],
)
def test_merge(existing: str, merged: str) -> None:
    assert merge_gitignore(existing, TEMPLATE) == merged


def test_template_with_markers_or_without_lines() -> None:
    assert merge_gitignore("", BLOCK) == BLOCK
    assert merge_gitignore("", "") == f"{START}\n{END}\n"


LINES = st.lists(st.one_of(st.text(max_size=8), st.sampled_from([START, END, "", "*.mp4", "\x0b", "a\u2028b"])))
TEXTS = st.builds(lambda lines, newline: newline.join(lines), LINES, st.sampled_from(["\n", "\r\n"]))


@given(existing=TEXTS, template=TEXTS)
def test_merging_again_changes_nothing(existing: str, template: str) -> None:
    once = merge_gitignore(existing, template)
    assert merge_gitignore(once, template) == once
    lines = [line.strip("\r\ufeff ") for line in once.split("\n")]
    assert (lines.count(START), lines.count(END)) == (1, 1)


@given(before=TEXTS, after=TEXTS, first=TEXTS, second=TEXTS)
def test_the_users_lines_stay(before: str, after: str, first: str, second: str) -> None:
    mine = [line for line in (before + "\n" + after).split("\n") if line.strip() not in (START, END)]
    wrapped = merge_gitignore("\n".join(mine), first)
    assert wrapped.startswith("\n".join(mine))
    assert merge_gitignore(wrapped, second) == merge_gitignore("\n".join(mine), second)


@pytest.mark.parametrize("line", ["!s3-staging/", "!/s3-staging", "!**/s3-staging/", "!s3-staging/**"])
def test_r18_the_block_moves_below_a_line_that_takes_it_back(line: str) -> None:
    once = merge_gitignore("a\n", "s3-staging/\n")
    merged = merge_gitignore(f"{once}{line}\nb\n", "s3-staging/\n")
    assert merged == f"a\n\n{line}\nb\n\n{START}\ns3-staging/\n{END}\n"
    assert merge_gitignore(merged, "s3-staging/\n") == merged


def test_r18_other_exceptions_move_nothing() -> None:
    text = f"{START}\ns3-staging/\n{END}\n!keep.txt\n!s3-staging-notes/\n"
    assert merge_gitignore(text, "s3-staging/\n") == text
