"""Cost reports on their way: alarms as notices, each once a month, and the report as a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3sync.errors import ConfigError, S3syncError

if TYPE_CHECKING:
    from s3sync.config import Settings
    from s3sync.core.notices import Notice
    from s3sync.costs import CostReport, Costs

EVENT = "cost"


def require_addresses(settings: Settings, email: str | None, *, notify: bool) -> None:
    """Raise before anything is counted where what was asked for cannot be sent: `ConfigError`, `UsageError`."""
    if email is not None:
        from s3sync.team.notices.mail import mail_server, require_address

        require_address(email)
        mail_server(settings.notify)
    if notify and not settings.notify:
        raise ConfigError(
            "there is no address to tell alarms to",
            why="the setting `notify` is empty",
            hint="put one into your own settings, or into S3SYNC_NOTIFY: docs/notifications.md",
        )
    if notify and EVENT not in settings.notices.events:
        raise ConfigError(
            "alarms are not told",
            why="the setting `notices` chose other events",
            hint=f"add {EVENT} to `events` there",
        )


def tell_alarms(costs: Costs, report: CostReport) -> list[float]:
    """Tell the limits that were reached and not told yet this month, and return them.

    What no address took is kept, and goes with the next notice. An alarm that could not even be kept is told again.
    """
    from s3sync.cli.notices import tell
    from s3sync.core.money.outlook import to_tell

    told = costs.told()
    new = to_tell(report.alarms, told.of(report.month))
    if not new:
        return []
    if not tell(costs.settings, [_notice(costs.settings, report, one.limit) for one in new]):
        return []
    limits = frozenset(one.limit for one in new)
    told.add(report.month, limits)
    return sorted(limits)


def _notice(settings: Settings, report: CostReport, limit: float) -> Notice:
    from s3sync.core.archive.costs import amount_text
    from s3sync.core.notices import Notice
    from s3sync.costs.words import expected_text

    so_far = amount_text(report.total.total.amount, report.currency)
    expected = expected_text(report)
    more = f", expected: {expected}" if expected is not None else ""
    summary = f"reached {amount_text(limit, report.currency)}: {so_far} so far{more}"
    return Notice(EVENT, report.month, settings.repo, "costs", summary)  # "costs: 2026-11 reached $5.00: ..."


def send_report(costs: Costs, report: CostReport, email: str, *, quiet: bool) -> int | None:
    """Mail the report; None where that worked, and else the exit code of what is wrong, which was told."""
    from s3sync.cli.output import error_lines, printable, say, symbols, warn
    from s3sync.costs.letter import page, subject
    from s3sync.team.notices.mail import mail_server, send_mail

    try:
        send_mail(mail_server(costs.settings.notify), email, subject(report), page(report))
    except S3syncError as error:
        for line in error_lines(error):
            warn(line)
        return error.exit_code
    if not quiet:
        say(f"{symbols().done} mailed to {printable(email)}")
    return None
