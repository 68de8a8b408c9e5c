"""Effort of a function as lines of Python that are carried out: the same on every computer, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any


def lines_of(call: Callable[[], Any], *modules: Any) -> int:
    """Lines of these modules that a call carries out in this thread."""
    files = {module.__file__ for module in modules}
    count = 0

    def line(frame: FrameType, event: str, told: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    def enter(frame: FrameType, event: str, told: Any) -> Any:
        code: CodeType = frame.f_code
        return line if code.co_filename in files else None

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        call()
    finally:
        sys.settrace(before)
    return count
