"""s3sync: the shared folder for files that are too heavy for git, kept in the team's own bucket.

The public Python API. Importing it is cheap; the parts load when they are used.

    from s3sync import Project

    project = Project.open("b63")
    report = project.up()
    print(report.uploaded, report.conflicts)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3sync._version import __version__
from s3sync.errors import S3syncError

if TYPE_CHECKING:
    from s3sync.api import Project
    from s3sync.sync.report import CleanupReport, FileStatus, RunReport, StatusReport

__all__ = ["CleanupReport", "FileStatus", "Project", "RunReport", "S3syncError", "StatusReport", "__version__"]

_HOMES = {
    "Project": "s3sync.api",
    "RunReport": "s3sync.sync.report",
    "StatusReport": "s3sync.sync.report",
    "CleanupReport": "s3sync.sync.report",
    "FileStatus": "s3sync.sync.report",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 's3sync' has no attribute {name!r}")
