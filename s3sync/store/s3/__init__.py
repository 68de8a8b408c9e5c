"""The S3 store: AWS and whatever speaks its API. Only `S3Store` is for others."""

from s3sync.store.s3.adapter import S3Store

__all__ = ["S3Store"]
