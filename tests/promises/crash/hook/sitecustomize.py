"""Found by a Python that has this folder in PYTHONPATH: has the process count its steps, and die at one of them."""

from __future__ import annotations

import os

if "CRASH" in os.environ:
    from tests.promises.crash.steps import watch

    watch()
