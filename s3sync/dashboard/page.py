"""The dashboard as one HTML document: its data, style and script are in it, and it loads nothing.

Texts of others are data for the script, which makes text of them and never markup. Browsers run no other script, by its
hash, and the document may load nothing but the data of a dashboard that is served.
"""

from __future__ import annotations

from html import escape
from importlib import resources

from msgspec import to_builtins

from s3sync.dashboard.values import Dashboard
from s3sync.team.pages.frame import PRIVATE, data, policy_of, text

FOLDER = "assets"
STYLES = ("colors.css", "layout.css", "list.css", "project.css", "costs.css")
SCRIPTS = (
    "elements.js", "words.js", "copy.js", "model.js", "list.js", "projects.js", "project.js", "together.js",
    "thaws.js", "costs.js", "tabs.js", "keys.js", "live.js", "start.js",
)  # fmt: skip
MARK = "s3sync dashboard"
"""Generator of the document, by which a later run knows that a file is a dashboard and may be replaced."""
META = f'<meta name="generator" content="{MARK}">'
LOOKED_AT = 4096
"""Bytes at the beginning of a document in which the mark stands."""


def asset(name: str) -> str:
    """Text of a part of the page."""
    return resources.files("s3sync.dashboard").joinpath(FOLDER, name).read_text("utf-8")


def policy(style: str, script: str, *, live: bool) -> str:
    """Content-Security-Policy of the page: one that is served may ask its own server for newer data."""
    return policy_of(style, script, {"connect-src": ["'self'"]} if live else {})


def parts() -> tuple[str, str]:
    """Style and script of the page."""
    style = "\n".join(asset(name) for name in STYLES)
    script = '"use strict";\n(() => {\n' + "\n".join(asset(name) for name in SCRIPTS) + "\n})();\n"
    if "</" in style or "</" in script or "\r" in style + script:
        raise ValueError("script and style must not end their element")
    return style, script


def page_of(dashboard: Dashboard, *, key: bytes | None = None) -> bytes:
    """The document that shows a dashboard. `key` of one that is served: newer data is signed with it."""
    style, script = parts()
    allowed = escape(policy(style, script, live=dashboard.refresh_s is not None), quote=True)
    kept = "" if key is None else data("key", key.hex())
    names = ", ".join(one.name for one in dashboard.repositories)
    title = dashboard.title or f"{names} - s3sync"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{allowed}">
{META}
{PRIVATE}
<title>{text(title)}</title>
<style>{style}</style>
</head>
<body>
<noscript><p>This page shows its data by a script of its own, and scripts are off.</p></noscript>
{data("data", to_builtins(dashboard))}
{kept}
<script>{script}</script>
</body>
</html>
""".encode()
