"""Mails with a page and a plain twin of it, by a mail server that the user's own settings name for notices."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from s3sync.errors import ConfigError, S3syncError, UsageError
from s3sync.team.notices.send import Manner, Sending

MAIL = Manner(html=True, connect_s=10.0, patience_s=40.0)
"""A mail server may take longer than a chat: it looks names up, and greets late."""
_SCHEMES = ("mailto://", "mailtos://")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?")
"""An address as browsers take one (HTML, "valid e-mail address"), without quotes and comments."""


def mail_server(notify: Sequence[str]) -> str:
    """The URL of the mail server among the addresses of notices. Raises `ConfigError` where there is none."""
    found = next((url for url in notify if url.lower().startswith(_SCHEMES)), None)
    if found is None:
        raise ConfigError(
            "no mail was sent",
            why="no mail server is known: the setting `notify` has no address that begins with mailto:// or mailtos://",
            hint="put one into `notify` in your own settings, or into S3SYNC_NOTIFY: docs/costs.md#mail shows how",
        )
    return found


def require_address(text: str) -> str:
    """The address of a mail. Raises `UsageError` for what is none."""
    if not _ADDRESS.fullmatch(text):
        raise UsageError(f"{text[:80]!r} is no mail address", hint="write it like team@example.com")
    return text


def send_mail(server: str, to: str, title: str, page: str) -> None:
    """Send a page to one address, and to nobody else whom the server's URL names.

    Raises `ConfigError` where apprise is missing, `S3syncError` for what the server refuses or does not answer.
    """
    (sent,) = Sending([server], title, page, manner=replace(MAIL, to=to)).finish()
    if sent.why is not None:
        raise S3syncError(
            "the mail was not sent", why=sent.why, hint="`s3sync notify test` tries the mail server with a notice"
        )
