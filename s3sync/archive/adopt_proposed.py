"""Archives of other tools that somebody else adopted, taken from what he wrote beside them."""

from __future__ import annotations

from collections.abc import Iterable

from s3sync.archive.adopt_listed import archived_of
from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.listing import Listing
from s3sync.archive.foreign import foreign_index
from s3sync.archive.proposals import read_proposal
from s3sync.core.archive.adopt import KeyPattern, proposal_key
from s3sync.core.archive.records import Status
from s3sync.core.archive.values import ArchiveSet, Pack
from s3sync.core.outcome import Problem
from s3sync.errors import ENDS_THE_RUN, S3syncError
from s3sync.store.port import Store

_HINT = "`s3sync archive adopt` reads the archive itself; whoever wrote the proposal can write it again: --write-index"


def take_proposals(catalogue: Catalogue, store: Store, sets: Iterable[ArchiveSet], listing: Listing) -> list[Problem]:
    """Take in archives by proposals, as far as they fit the layout of a set; what cannot be used is told.

    Unit and fields are those that the key says. Raises `StoreError`.
    """
    patterns = [(rules, KeyPattern(rules)) for rules in sets if rules.pack is not Pack.NONE]
    problems: list[Problem] = []
    for info, etag in listing.proposals(proposal_key("")) if patterns else ():
        fits = ((rules, pattern.fit(info.key)) for rules, pattern in patterns)
        rules, fit = next(((rules, fit) for rules, fit in fits if fit is not None), (None, None))
        if rules is None or fit is None:
            continue
        try:
            archive, members = read_proposal(store, archived_of(rules, info, fit))
        except ENDS_THE_RUN:
            raise
        except S3syncError as error:
            problems.append(Problem(proposal_key(info.key), str(error), _HINT))
            continue
        catalogue.record(foreign_index(archive, members), index_etag=etag, status=Status.PROPOSED)
    return problems
