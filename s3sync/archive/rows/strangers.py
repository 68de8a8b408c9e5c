"""Strangers at an address of this computer: each of its users can have a port that is free, as that of a tunnel or a
server that is not running now.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

FIRST_PERSON = 1000
"""First number of a user who is a person; those below are programs of the system (login.defs(5), `UID_MIN`)."""
TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
"""Connections of this computer with whose they are, as Linux tells them (proc(5))."""
_LISTENS = "0A"
_HERE = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
_USUAL = "5432"


def may_be_a_stranger(said: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """True if another person of this computer has the port of a database here, in words of libpq.

    His program could ask for the password in clear. What the user said himself about ways to log in, or about the
    server's certificate, counts. Where the system does not tell whose a port is, nobody is a stranger.
    """
    if "require_auth" in said or environ.get("PGREQUIREAUTH") or environ.get("PGSERVICE"):
        return False
    if (said.get("sslmode") or environ.get("PGSSLMODE", "")).startswith("verify-"):
        return False
    hosts = environ.get("PGHOSTADDR") or said.get("host", "")
    if not any(map(_HERE.fullmatch, hosts.split(","))):
        return False
    ports = said.get("port") or environ.get("PGPORT") or _USUAL
    return any(user >= FIRST_PERSON and user not in _own(environ) for user in _listeners(ports.split(",")))


def _own(environ: Mapping[str, str]) -> tuple[int, ...]:
    """This user, and under sudo whoever called it."""
    sudo = environ.get("SUDO_UID", "") if os.geteuid() == 0 else ""
    return (os.geteuid(), int(sudo)) if sudo.isascii() and sudo.isdigit() else (os.geteuid(),)


def _listeners(ports: list[str]) -> Iterator[int]:
    """The users who listen at one of these ports."""
    wanted = {f"{int(port):04X}" for port in ports if port.isascii() and port.isdigit()}
    for table in TABLES:
        with suppress(OSError, ValueError, IndexError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and fields[1].rpartition(":")[2] in wanted:
                    yield int(fields[7])
