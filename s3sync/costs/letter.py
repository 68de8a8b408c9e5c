"""A cost report as a mail: one page without network, light and dark, that reads well as plain text, too.

apprise makes the plain twin of the page itself. It writes each cell of a table on a line of its own, so the page has
lines of text, with the amount in front of what it is for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from html import escape

from s3sync.core.archive.costs import Money, amount_text
from s3sync.core.money.by import By
from s3sync.core.money.shares import Share
from s3sync.core.notices import unlinked
from s3sync.core.quantities import counted, size_text
from s3sync.costs import words
from s3sync.costs.report import CostReport

MOST_ROWS = 40
MOST_OF_A_NAME = 120
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Categories of characters that are no text: they direct it, or begin a line."""
_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; background: #f4f5f7; color: #1c2430; font: 15px/1.5 -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 560px; margin: 0 auto; padding: 24px 16px; }
h1 { font-size: 20px; margin: 0 0 4px; }
h2 { font-size: 15px; margin: 24px 0 8px; }
.card { background: #ffffff; border: 1px solid #dfe3e8; border-radius: 10px; padding: 16px 18px; margin: 12px 0; }
.big { font-size: 30px; font-weight: 700; }
.row { padding: 6px 0; border-top: 1px solid #eceff2; overflow-wrap: anywhere; }
.row:first-child { border-top: 0; }
.row b { float: right; margin-left: 12px; font-variant-numeric: tabular-nums; }
.dim { color: #5b6673; }
.bar { display: block; height: 6px; border-radius: 3px; background: #2563eb; margin: 3px 0 2px; min-width: 2px; }
.alarm { border-color: #d97706; background: #fff7e6; }
code { font: 13px ui-monospace, Menlo, Consolas, monospace; }
@media (prefers-color-scheme: dark) {
  body { background: #10151c; color: #e6eaf0; }
  .card { background: #19202a; border-color: #2c3644; }
  .row { border-color: #273140; }
  .dim { color: #9aa6b5; }
  .bar { background: #6ea0ff; }
  .alarm { border-color: #d99a2b; background: #2b2313; }
}
"""


def subject(report: CostReport) -> str:
    """One line: repository, month, amount, and whether a limit was reached."""
    amount = amount_text(report.total.total.amount, report.currency)
    alarm = ", over budget" if report.is_over_budget else ", alarm" if any(a.reached for a in report.alarms) else ""
    return f"s3sync: {unlinked(_plain(words.whose(report)))} costs {amount}, {words.title(report)}{alarm}"


def page(report: CostReport) -> str:
    """The report as HTML."""
    body = "\n".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{_text(subject(report))}</title><style>{_STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def _body(report: CostReport) -> Iterator[str]:
    yield f"<h1>Costs of {_text(words.whose(report))}</h1>"
    yield f'<p class="dim">{_text(words.title(report))}</p>'
    yield from _limits(report)
    yield '<div class="card">'
    yield f'<div class="big">{_money(report.total.total, report)}</div>'
    if (expected := words.expected_text(report)) is not None:
        yield f'<p class="dim">Expected: {_text(expected)}</p>'
    requests, out = words.traffic_text(report)
    yield _row(_money(report.total.storage, report), "storage", size_text(report.total.size))
    yield _row(_money(report.total.requests, report), "requests", requests)
    yield _row(_money(report.total.egress, report), "data out", out)
    yield "</div>"
    if report.by is not By.CLASS:
        yield from _shares(f"By {report.by}", report.shares, report, whole=True)
    yield from _shares("Storage by class", report.classes, report, whole=False)
    yield from _more(report)
    for place in report.places:
        where = place.note or f"in {place.region}, prices of {place.as_of}"
        yield f'<p class="dim">{escape(_plain(place.store))}: {_text(where)}</p>'
    for note in (words.lacking(report), *words.footnotes(report), *report.warnings):
        if note is None:
            continue
        yield f'<p class="dim">Note: {_text(note)}.</p>'


def _limits(report: CostReport) -> Iterator[str]:
    lines = [f"Alarm: {line}" for line in words.alarm_lines(report)]
    if (text := words.budget_text(report)) is not None:
        lines.insert(0, f"Budget: {text}")
    if lines:
        kind = "card alarm" if report.is_over_budget or any(one.reached for one in report.alarms) else "card"
        rows = "\n".join(f'<div class="row">{_text(line)}</div>' for line in lines)
        yield f'<div class="{kind}">\n{rows}\n</div>'


def _shares(head: str, shares: tuple[Share, ...], report: CostReport, *, whole: bool) -> Iterator[str]:
    """`whole`: with requests and data out, and not storage alone."""
    rows = [(one, one.amounts.total if whole else one.amounts.storage) for one in shares]
    rows = [(one, money) for one, money in rows if one.amounts.size or money.amount or money.unknown]
    if not rows:
        return
    dearest = max(money.amount for _, money in rows)
    yield f'<h2>{_text(head)}</h2>\n<div class="card">'
    for one, money in rows[:MOST_ROWS]:
        about = f"{size_text(one.amounts.size)}, {counted(one.amounts.objects, 'object')}"
        width = round(100 * money.amount / dearest) if dearest > 0 else 0
        yield _row(_money(money, report), one.name, about, bar=width)
    if len(rows) > MOST_ROWS:
        yield f'<div class="row dim">and {len(rows) - MOST_ROWS} more</div>'
    yield "</div>"


def _more(report: CostReport) -> Iterator[str]:
    looking = "<code>s3sync trash list --remote --project NAME</code>"
    found = [
        ("Trash", words.trash_text(report), f"{looking} shows it, of {_text(words.trash_names(report))}"),
        ("Versions", words.versions_text(report), ""),
        ("Saved", words.saved_text(report), ""),
    ]
    lines = [f"{name}: {_text(text)}{f'. {after}' if after else ''}" for name, text, after in found if text is not None]
    if lines:
        yield '<div class="card">' + "\n".join(f'<div class="row">{line}</div>' for line in lines) + "</div>"
    if report.bill is not None and report.bill.bill is not None:
        bill = report.bill.bill
        yield f"<p>Bill of the account for S3: {_text(amount_text(bill.total, bill.currency))}</p>"


def _row(amount: str, name: str, about: str, bar: int | None = None) -> str:
    drawn = "" if bar is None else f'<span class="bar" style="width:{bar}%"></span>'
    return f'<div class="row"><b>{amount}</b> {_text(name)} <span class="dim">({_text(about)})</span>{drawn}</div>'


def _money(money: Money, report: CostReport) -> str:
    return _text(words.money(money, report.currency))


def _text(text: str) -> str:
    """A text in the page. Nothing in it is an address, of which a program that shows mails would make a link."""
    return escape(unlinked(_plain(text)))


def _plain(text: str) -> str:
    """A text without characters that a page or a mail would obey, of bounded length."""
    plain = "".join("?" if unicodedata.category(char) in _UNSEEN else char for char in text)
    return plain if len(plain) <= 4 * MOST_OF_A_NAME else f"{plain[: 4 * MOST_OF_A_NAME]}…"
