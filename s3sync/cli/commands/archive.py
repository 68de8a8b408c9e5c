"""s3sync archive"""

from __future__ import annotations

from s3sync.cli.archive import group, listing, sets, work

WORDS = (sets, work, listing)
"""Files with the words, in the order of the help; the first word is what the command does without any."""

archive = group.archive
