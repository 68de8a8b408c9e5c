"""The fast lane: obstore (Rust), for listing, HEAD, GET, small PUTs and plain deletes. It knows no vendor."""

from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.lanes.obstore.lane import ObstoreLane
from s3sync.store.lanes.obstore.reader import ObstoreReader

__all__ = ["ObstoreLane", "ObstoreReader", "from_obstore"]
