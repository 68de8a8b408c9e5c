"""The one seam where the operating system's errors become ours; it stands in `s3sync.disk.errors`."""

from __future__ import annotations

from s3sync.disk.errors import local_errors, reason_of

__all__ = ["local_errors", "reason_of"]
