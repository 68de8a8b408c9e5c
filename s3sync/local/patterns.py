"""gitignore patterns that cost no more than they are long: `.s3syncignore` may come from anybody in the team.

pathspec makes a regular expression of each pattern. One with many stars has Python try every way to spread a name over
them, which for `*a*a*a*a*a*a*a*b` takes days. Imports pathspec: only when there is something to ignore.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

MOST_DEEP_STARS = 2
"""`**/` before or between folders: each multiplies the work by the depth of a path."""

_STAR = re.escape("[^/]*")
_STARS = re.compile(f"(?:{_STAR}){{2,}}")
_FIXED = r"(?:\[\^/\](?!\*)|\[(?!\^/\])\^?\]?(?:\\.|[^\]\\/])*\]|\\.|[^/()|\[\\])"
_STAR_FIXED_STAR = re.compile(f"{_STAR}((?:{_FIXED})+)(?={_STAR})")
_DEEP_STARS = ("(?:.+/)?", "(?:/.+)?/")


class _Pattern(GitIgnoreSpecPattern):
    @classmethod
    def pattern_to_regex(cls, pattern: str) -> tuple[str | None, bool | None]:  # type: ignore[override]
        regex, include = super().pattern_to_regex(pattern)
        if regex is None:
            return None, include
        if sum(map(regex.count, _DEEP_STARS)) > MOST_DEEP_STARS:
            raise ValueError(f"it has `**/` more than {MOST_DEEP_STARS} times")
        # Between two stars the first place that fits is as good as any: what follows may begin anywhere after it.
        return _STAR_FIXED_STAR.sub(r"(?>[^/]*?\1)", _STARS.sub("[^/]*", regex)), include


def compile_patterns(lines: Iterable[str]) -> GitIgnoreSpec:
    """Raises `ValueError` for what is no pattern."""
    return GitIgnoreSpec.from_lines(lines, _Pattern)
