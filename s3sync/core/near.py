"""Names that are near a word that somebody typed, at a cost that is bounded: the names may be anybody's, and very many.

The standard library compares each name with the word in a time that grows with the cube of their length.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nlargest
from itertools import islice

LONGEST = 128
"""Characters of a word that is compared: of a longer one nobody types, nothing is near."""
MOST_NAMES = 20_000
"""Names of a likely length that are looked at."""
CANDIDATES = 20
"""Names that share most letters with the word: these are compared as they stand."""


def near(word: str, names: Iterable[str], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """The nearest names, the best first; as `difflib.get_close_matches`, of the first names where there are many."""
    if not 0 < len(word) <= LONGEST:
        return []
    from difflib import SequenceMatcher  # no start waits for it

    least, longest = len(word) * cutoff / (2 - cutoff), len(word) * (2 - cutoff) / cutoff
    likely = islice((name for name in names if least <= len(name) <= longest), MOST_NAMES)
    matcher = SequenceMatcher(b=word)

    def shares(name: str) -> float:
        matcher.set_seq1(name)
        return matcher.quick_ratio()

    candidates = nlargest(CANDIDATES, ((share, name) for name in likely if (share := shares(name)) >= cutoff))
    found = ((SequenceMatcher(None, name, word).ratio(), name) for _, name in candidates)
    return [name for _, name in nlargest(most, (one for one in found if one[0] >= cutoff))]
