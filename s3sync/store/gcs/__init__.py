"""Google Cloud Storage: reads through obstore, listings and writes through the JSON API with generations."""

from s3sync.store.gcs.adapter import GcsStore

__all__ = ["GcsStore"]
