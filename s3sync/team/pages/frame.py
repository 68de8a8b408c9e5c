"""Frame of a page for people without an account: one document that loads nothing but what it names.

Browsers run no script and apply no style but the page's own, by their hashes, whatever a name in it contains. The page
says who made it and until when it works, and looks at the clock.
"""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from html import escape
from urllib.parse import urlsplit

from msgspec import Struct

from s3sync.core.times import format_time

CONTENT_TYPE = "text/html; charset=utf-8"
PRIVATE = """<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">"""
"""Elements of the head of every page: none tells another site where it is, and no search engine keeps it."""
LONGEST_TEXT = 500
"""Characters of a text of others, such as a name, that are shown."""
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065\u2800\u3164\uffa0")
"""Letters and signs that are drawn as nothing: two names that differ by one look different."""
_JOINERS = "\u200c\u200d"
"""Joiners, without which some scripts and many emoji are not what they are."""


class Origin(Struct, frozen=True):
    """Maker of a page and its end. `ended` says what to do when the end has passed."""

    by: str
    until: datetime
    ended: str


def text(value: str) -> str:
    """A text of anybody's as HTML, for the content of an element and for a quoted attribute.

    Nothing in it is markup, turns or hides the text around it.
    """
    shown = "".join("\ufffd" if _is_obeyed(char) else char for char in value[:LONGEST_TEXT])
    return escape(shown + ("…" if len(value) > LONGEST_TEXT else ""), quote=True)


def name(value: str) -> str:
    """A name as HTML, set apart: one that is written from right to left leaves the text around it as it is."""
    return f"<bdi>{text(value)}</bdi>"


def _is_obeyed(char: str) -> bool:
    """True for what is no text: control characters, those that turn its direction or are not seen, and halves of
    characters."""
    directs = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _JOINERS
    return directs or char in _UNSEEN


def address(url: str) -> str:
    """An URL as a quoted attribute. Raises `ValueError` for one that is not of the web."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise ValueError(f"no page leads to {parts.scheme}:")
    return escape(url, quote=True)


def moment(when: datetime) -> str:
    """A time as HTML, in UTC. Where scripts run it becomes that of the reader's own zone."""
    told = format_time(when)
    return f'<time datetime="{told}">{told[:10]} {told[11:16]} UTC</time>'


def data(identity: str, value: object) -> str:
    """A value for the page's own script: `JSON.parse(document.getElementById(identity).textContent)`."""
    encoded = json.dumps(value)
    for char in "<>&":
        encoded = encoded.replace(char, f"\\u{ord(char):04x}")
    return f'<script type="application/json" id="{text(identity)}">{encoded}</script>'


def origin_of(url: str) -> str:
    """Scheme and host of an URL, as a source for `page`."""
    parts = urlsplit(address(url).replace("&amp;", "&"))
    return f"{parts.scheme}://{parts.netloc}"


def page(
    title: str,
    body: str,
    origin: Origin,
    *,
    style: str = "",
    script: str = "",
    sources: Mapping[str, Iterable[str]] | None = None,
) -> bytes:
    """A whole page. `title` is a text; `body` is HTML, made with the functions above.

    `sources` allows what the page loads or sends to, by directives of its security policy: `{"media-src": [origin]}`.
    Everything else is refused. `style` and `script` follow those of every page.
    """
    style, script = _STYLE + style, _SCRIPT + script
    if "</" in script or "</" in style or "\r" in script + style:
        raise ValueError("script and style must not end their element")
    policy = escape(policy_of(style, script, sources or {}), quote=True)
    until = moment(origin.until)
    return f"""<!doctype html>
<html lang="en" data-until="{format_time(origin.until)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
{PRIVATE}
<title>{text(title)}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{name(title)}</h1>
<p class="origin">Made by <strong>{name(origin.by)}</strong>. Works until <strong>{until}</strong>.</p>
</header>
<p class="ended" role="alert" hidden>By the clock of this device, this page ended on {until}. {text(origin.ended)}</p>
<main>
{body}
</main>
<footer>Made with s3sync. Whoever has the link to this page can use it until it ends: keep it to yourself.</footer>
<script>{script}</script>
</body>
</html>
""".encode()


def policy_of(style: str, script: str, sources: Mapping[str, Iterable[str]]) -> str:
    """Content-Security-Policy of a page: nothing, but its own style and script, and these sources."""
    directives: dict[str, Iterable[str]] = {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "style-src": [_hash_of(style)],
        "script-src": [_hash_of(script)],
        "img-src": ["data:"],
    }
    for kind, allowed in sources.items():
        directives[kind] = [one for one in (*directives.get(kind, ()), *allowed) if one != "'none'"]
    return "; ".join(f"{kind} {' '.join(dict.fromkeys(allowed))}" for kind, allowed in directives.items())


def _hash_of(content: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(content.encode()).digest()).decode()}'"


_STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f6f6f4; --sheet: #ffffff; --ink: #1c1c1a; --faint: #63635e; --line: #dcdcd6;
  --accent: #0b6bcb; --on-accent: #ffffff; --warn: #8a4b00; --warn-ground: #fff3df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #161615; --sheet: #212120; --ink: #ececea; --faint: #a3a39d; --line: #3a3a37;
    --accent: #6cb4ff; --on-accent: #0a1a2b; --warn: #ffc46b; --warn-ground: #38290f;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 62rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.6rem; }
p { overflow-wrap: anywhere; }
.origin, footer { color: var(--faint); }
.origin { margin: .25rem 0 1.5rem; }
.origin strong { color: var(--ink); font-weight: 600; }
footer { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .875rem; }
.ended, .told { padding: .75rem 1rem; border-radius: .5rem; background: var(--warn-ground); color: var(--warn); }
a { color: var(--accent); }
.button {
  display: inline-block; padding: .45rem 1rem; border: 0; border-radius: .4rem; background: var(--accent);
  color: var(--on-accent); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer;
}
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
"""

_SCRIPT = """"use strict";
{
  const root = document.documentElement, end = Date.parse(root.dataset.until);
  const shape = {year: "numeric", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit",
                 timeZoneName: "short"};
  for (const one of document.querySelectorAll("time[datetime]")) {
    const when = new Date(one.dateTime);
    if (!isNaN(when)) one.textContent = when.toLocaleString(undefined, shape);
  }
  const look = () => {
    const left = end - Date.now();
    document.querySelector(".ended").hidden = left > 0;
    root.classList.toggle("has-ended", left <= 0);
    setTimeout(look, Math.min(Math.max(left + 50, 1000), 30000));
  };
  look();
}
"""
