"""Storage classes by the kind of store, as each vendor names them.

No two kinds spell a class alike but for STANDARD: "ARCHIVE" is Google's, which is read at once, and "Archive" Azure's,
which has to be thawed. Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html,
https://cloud.google.com/storage/docs/storage-classes,
https://learn.microsoft.com/azure/storage/blobs/access-tiers-overview
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from s3sync.core.archive.costs import COLDNESS
from s3sync.core.archive.rule_files import CLASSES, class_meant


class Classes(Struct, frozen=True):
    """Classes of one kind of store: `order` from the warmest to the coldest, `usual` that of an archive whose set names
    none, `last` the one into which `archive auto` moves at last. `more`: others that a set may name. `meant`: names of
    other vendors and of price lists, with this one's.
    """

    vendor: str
    order: tuple[str, ...]
    usual: str
    last: str
    more: tuple[str, ...] = ()
    meant: Mapping[str, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.order, *self.more)

    def named(self, word: str) -> str | None:
        """The class that is called so, in letters of any case; None for one that there is not."""
        text = word.strip().upper().replace("-", "_")
        return next((name for name in self.names if name.upper() == text), None)

    def nearest(self, word: str) -> str | None:
        """The class that a name of another vendor means here."""
        there, said = class_meant(word), word.strip().upper()
        meant = self.meant.get(said) or (there if there in self.names else self.meant.get(there or ""))
        return self.named(word) or meant

    def is_colder(self, one: str, other: str) -> bool:
        """True if a class is colder than another one. One that is not known here is neither."""
        return one in self.order and other in self.order and self.order.index(one) > self.order.index(other)


_AS_AZURE = {
    "STANDARD": "Hot", "INTELLIGENT_TIERING": "Hot", "STANDARD_IA": "Cool", "ONEZONE_IA": "Cool", "NEARLINE": "Cool",
    "GLACIER_IR": "Cold", "COLDLINE": "Cold", "GLACIER": "Archive", "DEEP_ARCHIVE": "Archive",
}  # fmt: skip
_AS_GOOGLE = {
    "HOT": "STANDARD", "INTELLIGENT_TIERING": "STANDARD", "STANDARD_IA": "NEARLINE", "ONEZONE_IA": "NEARLINE",
    "COOL": "NEARLINE", "GLACIER_IR": "COLDLINE", "COLD": "COLDLINE", "GLACIER": "ARCHIVE", "DEEP_ARCHIVE": "ARCHIVE",
}  # fmt: skip
_AS_S3 = {
    "HOT": "STANDARD", "COOL": "STANDARD_IA", "NEARLINE": "STANDARD_IA", "COLD": "GLACIER_IR", "COLDLINE": "GLACIER_IR",
    "ARCHIVE": "GLACIER",
}  # fmt: skip

CLASSES_OF: Mapping[str, Classes] = {
    "s3": Classes("S3", COLDNESS, "STANDARD", "GLACIER", CLASSES[len(COLDNESS) :], _AS_S3),
    "gs": Classes(
        "Google Cloud", ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"), "STANDARD", "ARCHIVE", meant=_AS_GOOGLE
    ),
    "az": Classes("Azure", ("Hot", "Cool", "Cold", "Archive"), "Hot", "Archive", meant=_AS_AZURE),
}
"""By the word before `://`. A folder and a remote of rclone have none."""


def known(word: str) -> bool:
    """True for the name of a class of some vendor, in letters of any case."""
    return any(one.named(word) is not None for one in CLASSES_OF.values())
