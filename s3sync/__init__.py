"""s3sync: the shared folder for files that are too heavy for git, kept in the team's own bucket.

The public Python API (docs/python-api.md). Importing it is cheap; the parts load when they are used.

    from s3sync import Project

    project = Project.open("b63")
    report = project.up()
    print(report.uploaded, report.conflicts)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3sync._version import __version__
from s3sync.errors import (
    AccessDenied,
    Archived,
    ArchiveError,
    BucketMissing,
    ChecksumMismatch,
    ClockSkewed,
    ConfigError,
    CredentialsError,
    DatabaseError,
    DiskFull,
    Halt,
    Interrupted,
    LocalError,
    LockHeld,
    LostRace,
    ManifestError,
    NotAStore,
    NotAuthentic,
    NotFound,
    NotTrusted,
    OtherContent,
    Pending,
    PreconditionFailed,
    ProjectError,
    S3syncError,
    ScanError,
    SourceChanged,
    StoreError,
    TargetChanged,
    Throttled,
    Unchanged,
    Unreachable,
    Unsupported,
    UsageError,
)

if TYPE_CHECKING:
    from s3sync.all_projects import AllProjects, Told
    from s3sync.api import Project
    from s3sync.archives import Archives
    from s3sync.core.archive.values import ArchiveSet
    from s3sync.core.outcome import Problem
    from s3sync.core.plan import Policy
    from s3sync.core.reconcile import State
    from s3sync.doctor.report import Check, DoctorReport
    from s3sync.repository import diagnose, init, projects
    from s3sync.setup.init import InitReport
    from s3sync.setup.overview import ProjectOverview, ProjectsReport
    from s3sync.sync.places import PlacesReport
    from s3sync.sync.report import (
        CleanupReport,
        ConflictReport,
        Deleted,
        Downloaded,
        FileStatus,
        RunReport,
        Skipped,
        StatusReport,
        TransfersReport,
        TransferStatus,
        Uploaded,
    )
    from s3sync.sync.restore import TrashReport
    from s3sync.sync.undo import UndoReport

__all__ = [
    "AccessDenied",
    "AllProjects",
    "ArchiveError",
    "ArchiveSet",
    "Archived",
    "Archives",
    "BucketMissing",
    "Check",
    "ChecksumMismatch",
    "CleanupReport",
    "ClockSkewed",
    "ConfigError",
    "ConflictReport",
    "CredentialsError",
    "DatabaseError",
    "Deleted",
    "DiskFull",
    "DoctorReport",
    "Downloaded",
    "FileStatus",
    "Halt",
    "InitReport",
    "Interrupted",
    "LocalError",
    "LockHeld",
    "LostRace",
    "ManifestError",
    "NotAStore",
    "NotAuthentic",
    "NotFound",
    "NotTrusted",
    "OtherContent",
    "Pending",
    "PlacesReport",
    "Policy",
    "PreconditionFailed",
    "Problem",
    "Project",
    "ProjectError",
    "ProjectOverview",
    "ProjectsReport",
    "RunReport",
    "S3syncError",
    "ScanError",
    "Skipped",
    "SourceChanged",
    "State",
    "StatusReport",
    "StoreError",
    "TargetChanged",
    "Throttled",
    "Told",
    "TransferStatus",
    "TransfersReport",
    "TrashReport",
    "Unchanged",
    "UndoReport",
    "Unreachable",
    "Unsupported",
    "Uploaded",
    "UsageError",
    "__version__",
    "diagnose",
    "init",
    "projects",
]

_HOMES = {
    "s3sync.all_projects": ("AllProjects", "Told"),
    "s3sync.api": ("Project",),
    "s3sync.archives": ("Archives",),
    "s3sync.core.archive.values": ("ArchiveSet",),
    "s3sync.repository": ("diagnose", "init", "projects"),
    "s3sync.core.outcome": ("Problem",),
    "s3sync.core.plan": ("Policy",),
    "s3sync.core.reconcile": ("State",),
    "s3sync.doctor.report": ("Check", "DoctorReport"),
    "s3sync.setup.init": ("InitReport",),
    "s3sync.setup.overview": ("ProjectOverview", "ProjectsReport"),
    "s3sync.sync.places": ("PlacesReport",),
    "s3sync.sync.report": (
        "CleanupReport",
        "ConflictReport",
        "Deleted",
        "Downloaded",
        "FileStatus",
        "RunReport",
        "Skipped",
        "StatusReport",
        "TransferStatus",
        "TransfersReport",
        "Uploaded",
    ),
    "s3sync.sync.restore": ("TrashReport",),
    "s3sync.sync.undo": ("UndoReport",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            from importlib import import_module

            return getattr(import_module(home), name)
    raise AttributeError(f"module 's3sync' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})
