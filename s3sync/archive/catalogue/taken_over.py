"""Knowledge about other tools' archives, which no index in the store has, taken over from an old catalogue."""

from __future__ import annotations

from pathlib import Path

from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.extras import facts_of, note_facts, sidecars_of
from s3sync.archive.foreign import foreign_index
from s3sync.core.archive.records import FOREIGN
from s3sync.errors import LocalError


def take_over(old: Path, catalogue: Catalogue) -> int:
    """Take over what was adopted, and return how many archives that is. Of a damaged one nothing is."""
    try:
        with Catalogue(old, read_only=True) as before:
            found = before.archives(status=FOREIGN)
            with catalogue.transaction():
                for one in found:
                    index = foreign_index(one, before.members(one.key), sidecars_of(before, one.key))
                    catalogue.record(index, status=one.status)
                    note_facts(catalogue, one.key, facts_of(one))
            return len(found)
    except LocalError:
        return 0
