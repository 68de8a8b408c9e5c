"""s3sync doctor"""

from __future__ import annotations

import os
from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import CHECK, command
from s3sync.cli.options import OneName, ProjectName
from s3sync.disk.current import current_folder
from s3sync.errors import UsageError


@command(
    CHECK,
    "s3sync doctor\ns3sync doctor --fix",
    0, 1, 2, 5, 6, 130,
    verbose="Also give the hints of what is in order.",
)  # fmt: skip
def doctor(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Fix what is wrong on this computer; nothing of yours is deleted.")
    ] = False,
) -> int:
    """Check settings, credentials, the store, your rights there, and this computer; say what to do about it."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.doctor import doctor_json, print_doctor
    from s3sync.doctor import doctor as examine

    if fix and call.dry_run:
        raise UsageError("--fix and --dry-run exclude each other", hint="without --fix, nothing is fixed, only said")
    report = examine(
        current_folder(),
        project or name,
        flags=call.flags,
        environ=os.environ,
        fix=fix,
        dry_run=call.dry_run,
        lock_wait_s=call.wait,
    )
    if call.json:
        print_json(doctor_json(report))
    else:
        print_doctor(report, verbose=call.verbose, quiet=call.quiet)
    return report.exit_code
