"""Engines that do a verb on many archives: S3 itself, or workers of a cluster, instead of this process."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from msgspec import Struct

S3_BATCH, DASK = "s3-batch", "dask"
_SAYS = {
    S3_BATCH: "s3-batch (S3 itself)",
    DASK: "dask (workers on this computer), dask=tcp://HOST:PORT (a cluster of yours)",
}
_ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://[A-Za-z0-9.:\[\]_-]{1,255}")


class Engine(Struct, frozen=True):
    """Engine by name. `address` is that of a scheduler; None for one that is made here and ends with the command."""

    name: str
    address: str | None = None


def parse_engine(text: str) -> Engine | None:
    """Engine that a text names; None for none."""
    name, given, address = text.strip().partition("=")
    if name == S3_BATCH and not given:
        return Engine(S3_BATCH)
    if name == DASK and (not given or _ADDRESS.fullmatch(address)):
        return Engine(DASK, address or None)
    return None


def engines_hint(said: str, names: Sequence[str] = (S3_BATCH, DASK)) -> str:
    """List of the engines that a verb has; the one first that a text comes near to."""
    near = get_close_matches(said.strip().partition("=")[0].lower(), names, 1)
    meant = f"did you mean --engine {near[0]}? " if near else ""
    return f"{meant}there are: {', '.join(_SAYS[name] for name in names)}"
