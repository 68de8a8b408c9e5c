"""Limit of open connections and files of a process. macOS allows 256 unless more are asked for."""

from __future__ import annotations

from contextlib import suppress

KEPT = 64
"""For what is no connection: folders that are held open, databases, files on their way to the disk."""
ASKED_FOR = 1024


def most_connections(wanted: int) -> int:
    """At most `wanted`, and two thirds of the descriptors that the system gives; it is asked for more first."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < ASKED_FOR:
        aim = ASKED_FOR if hard == resource.RLIM_INFINITY else min(ASKED_FOR, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (aim, hard))
            soft = aim
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, (soft - KEPT) * 2 // 3))
