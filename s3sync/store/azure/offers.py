"""Aspects of Azure beyond the port, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from s3sync.store.azure.requests import Requests

OFFERED: Mapping[type, Callable[[Requests], Any]] = {}
