"""Catalogue of the archives of one store, on this computer: made of the indexes in the store, at any time anew."""

from __future__ import annotations

from s3sync.archive.catalogue.database import Catalogue, catalogue_path, set_aside
from s3sync.archive.catalogue.taken_over import take_over

__all__ = ["Catalogue", "catalogue_path", "set_aside", "take_over"]
