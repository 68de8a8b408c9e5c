"""Output of `archive verify`."""

from __future__ import annotations

from collections.abc import Callable

from s3sync.archive.thaw import Price
from s3sync.archive.verify import Proof
from s3sync.archive.verify_all import Verified, VerifyReport
from s3sync.cli.output import SCHEMA, answered_yes, printable, say, symbols, warn
from s3sync.cli.progress import Lines
from s3sync.cli.show.archive_list import REBUILD
from s3sync.cli.show.restore import amount_of, say_price
from s3sync.cli.show.words import Json
from s3sync.core.quantities import counted, size_text

WORDS = {
    Proof.LISTED: "size and ETag are right",
    Proof.CHECKSUM: "the store's checksum is right",
    Proof.READ: "every byte was read and is right",
}


def ask(price: Price) -> bool:
    """Say what reading archives back costs, and ask whether to go on."""
    say_price(price)
    return answered_yes(f"Read {amount_of(price)} back?")


def print_verified(lines: Lines, quiet: bool, verbose: bool) -> Callable[[Verified], None]:
    """A function that shows an archive when it is verified; what is wrong is shown even when all else is quiet."""

    def told(one: Verified) -> None:
        if one.proof is None:
            lines.note(f"  {symbols().failed} {printable(one.unit)}: {printable(one.error or '')}")
            if one.hint:
                lines.note(f"hint: {printable(one.hint)}")
        elif verbose and not quiet:
            lines.show(f"  {symbols().done} {printable(one.unit)} ({size_text(one.size)}) - {WORDS[one.proof]}")

    return told


def print_verify_summary(report: VerifyReport, *, quiet: bool) -> None:
    good = [one for one in report.archives if one.proof is not None]
    if not quiet:
        by = {WORDS[one.proof] for one in good if one.proof is not None}
        said = f": {', '.join(sorted(by))}" if by else ""
        say(f"Summary: verified {counted(len(good), 'archive')} ({size_text(sum(one.size for one in good))}){said}")
        if not report.archives:
            say(REBUILD)
    if report.failed:
        cold = sum(one.cold for one in report.failed)
        rest = f", {cold} of them because they are cold" if cold else ""
        warn(f"{counted(len(report.failed), 'archive')} could not be verified{rest}")


def verify_json(report: VerifyReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "verify",
        "archives": [
            {
                "unit": one.unit,
                "key": one.key,
                "size_bytes": one.size,
                "verified": str(one.proof) if one.proof else None,
                "cold": one.cold,
                "error": one.error,
                "hint": one.hint,
            }
            for one in report.archives
        ],
        "exit_code": report.exit_code,
    }
