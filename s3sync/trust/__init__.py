"""Trust on first use: where files go and who signs is the user's to say, and a repository's only after a question.

`require` is called wherever a store is opened (`sync/api.py`). It passes when the user named the place in person, or
has agreed to it before; otherwise it raises `NotTrusted`, and the command line asks.
"""

from s3sync.trust.book import Remembered, forget, read_book, remember
from s3sync.trust.check import (
    InsecureEndpoint,
    claim_name,
    heard_by_others,
    is_known,
    is_named_by_repository,
    is_place,
    is_trusted,
    name_taken_by,
    new_name,
    place_to_ask,
    previous,
    refuse_taken_name,
    require,
    sharing,
)
from s3sync.trust.databases import database_place, require_database, statements_of
from s3sync.trust.place import KEYS_OF_REPOSITORY, Place, came_along, given_name, place_of

__all__ = [
    "KEYS_OF_REPOSITORY",
    "InsecureEndpoint",
    "Place",
    "Remembered",
    "came_along",
    "claim_name",
    "database_place",
    "forget",
    "given_name",
    "heard_by_others",
    "is_known",
    "is_named_by_repository",
    "is_place",
    "is_trusted",
    "name_taken_by",
    "new_name",
    "place_of",
    "place_to_ask",
    "previous",
    "read_book",
    "refuse_taken_name",
    "remember",
    "require",
    "require_database",
    "sharing",
    "statements_of",
]
