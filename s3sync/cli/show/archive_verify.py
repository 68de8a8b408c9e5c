"""Output of `archive verify`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from s3sync.archive.thaw import Price
from s3sync.archive.verify import Proof
from s3sync.archive.verify_all import Verified, VerifyReport
from s3sync.cli.output import SCHEMA, answered_yes, printable, say, symbols, warn
from s3sync.cli.progress import Lines
from s3sync.cli.show.archive_list import REBUILD
from s3sync.cli.show.restore import amount_of, say_price
from s3sync.cli.show.words import Json
from s3sync.config import Settings
from s3sync.core.archive.turns import DAY_S, Turn
from s3sync.core.notices import Notice, notice
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
        if not report.archives and not any(turn.total for turn in report.turns):
            say(REBUILD)
        for turn in report.turns:
            say(f"  {turn_text(turn)}")
    if report.failed:
        cold = sum(one.cold for one in report.failed)
        rest = f", {cold} of them because they are cold" if cold else ""
        warn(f"{counted(len(report.failed), 'archive')} could not be verified{rest}")
    for line in _warnings(report):
        warn(line)


MOST_NAMED = 5


def turn_text(turn: Turn) -> str:
    """State of a set in words: `sessions: 2 of 100 archives, all of them in 50 runs`."""
    if not turn.total:
        return f"{printable(turn.set)}: no archives"
    if not turn.chosen:
        return f"{printable(turn.set)}: none of {counted(turn.total, 'archive')} is due"
    text = f"{printable(turn.set)}: {turn.chosen} of {counted(turn.total, 'archive')}"
    if turn.chosen < turn.total:
        text += f", all of them in {counted(turn.runs, 'run')}"
    if turn.within_s is not None and turn.every_s is not None:
        text += f"; for `verify_within: {_period(turn.within_s)}` run it at least every {_period(turn.every_s)}"
    return text


def _period(seconds: int) -> str:
    return f"{seconds // DAY_S}d" if seconds >= 3 * DAY_S else f"{seconds // 3600}h" if seconds >= 3600 else "1h"


def _warnings(report: VerifyReport) -> Iterator[str]:
    for turn in report.turns:
        if not turn.too_small or turn.within_s is None:
            continue
        name, within = printable(turn.set), _period(turn.within_s)
        if turn.overdue:
            yield f"warning: {name}: {counted(turn.overdue, 'archive')} were not looked at for more than {within}"
        else:
            apart = _period(turn.since_s or 0)
            yield f"warning: {name}: runs {apart} apart take longer than {within} to look at all of it"
        enough = turn.enough_percent
        larger = f"--sample {float(enough):g}% does at this pace, or" if enough is not None else "raise --sample, or"
        yield f"hint: {larger} run it more often; `--older-than {within}` looks at all that is late now"
    if report.still_wrong:
        named = ", ".join(map(printable, report.still_wrong[:MOST_NAMED]))
        more = len(report.still_wrong) - MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        yield f"warning: not looked at now, and wrong when last looked at: {named}{rest}"
        yield "hint: `s3sync archive verify UNIT` looks at one again"


def of_verify(report: VerifyReport, settings: Settings) -> Iterator[Notice]:
    """Notice of a run by turns, and of any run that found something wrong."""
    if not report.turns and not report.failed:
        return
    good = [one for one in report.archives if one.proof is not None]
    summary = f"verified {counted(len(good), 'archive')} ({size_text(sum(one.size for one in good))})"
    if report.failed:
        summary += f"; {len(report.failed)} could not be verified"
    if report.still_wrong:
        summary += f"; {len(report.still_wrong)} wrong since before"
    if overdue := sum(turn.overdue for turn in report.turns):
        summary += f"; {overdue} overdue"
    names = [one.unit for one in report.failed] + report.still_wrong
    yield notice("verify", settings.user or "", (settings.repo, "archives"), summary, names)


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
        "turns": [_turn_json(turn) for turn in report.turns],
        "still_wrong": report.still_wrong,
        "exit_code": report.exit_code,
    }


def _turn_json(turn: Turn) -> Json:
    return {
        "set": turn.set,
        "archives": turn.total,
        "due": turn.due,
        "looked_at": turn.chosen,
        "runs_for_all": turn.runs,
        "verify_within_s": turn.within_s,
        "at_least_every_s": turn.every_s,
        "since_last_run_s": turn.since_s,
        "overdue": turn.overdue,
        "too_small": turn.too_small,
        "enough_percent": None if turn.enough_percent is None else float(turn.enough_percent),
    }
