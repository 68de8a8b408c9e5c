"""s3sync notify"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from s3sync.cli.call import Call
from s3sync.cli.declare import ASKS, TEAM, Group
from s3sync.disk.current import current_folder

if TYPE_CHECKING:
    from s3sync.config import Settings

notify = Group(TEAM, "Say where notices of what is done go, and try it.")


@notify.word("show", "s3sync notify show", 0, 1, 2, 130, takes=ASKS)
def show(call: Call) -> int:
    """Show the addresses, masked, and which events are told. Sends nothing."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.notices import addresses_json, print_addresses
    from s3sync.team.notices.waiting import Waiting

    settings = _settings()
    waiting = Waiting(os.environ, settings.notify).count()
    if call.json:
        print_json(addresses_json(settings, waiting))
    else:
        print_addresses(settings, waiting, quiet=call.quiet)
    return 0


@notify.word("test", "s3sync notify test", 0, 1, 2, 130, takes=ASKS)
def test(call: Call) -> int:
    """Send a notice to each address, and say which of them took it."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.notices import print_sent, sent_json
    from s3sync.core.notices import Notice, lines_of, message
    from s3sync.errors import ConfigError
    from s3sync.team.notices.send import Sending

    settings = _settings()
    if not settings.notify:
        raise ConfigError(
            "there is no address to send to",
            why="the setting `notify` is empty",
            hint="put one into your own settings, or into S3SYNC_NOTIFY: https://github.com/caronc/apprise/wiki",
        )
    tried = Notice("test", settings.user or "somebody", settings.repo or "-", "test", "tries whether notices arrive")
    sent = Sending(settings.notify, *message(lines_of([tried]))).finish()
    code = 1 if any(one.why is not None for one in sent) else 0
    if call.json:
        print_json(sent_json(sent, code))
    else:
        print_sent(sent, quiet=call.quiet)
    return code


def _settings() -> Settings:
    from s3sync.config import load_settings

    return load_settings(current_folder(), flags={}, environ=os.environ)
