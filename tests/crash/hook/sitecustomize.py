"""Found by a Python that has this folder in PYTHONPATH: has the process count its steps, and die at one of them.

What to do stands in the environment variable CRASH, as JSON (tests.crash.steps.begin).
"""

from __future__ import annotations

import atexit
import json
import os

if "CRASH" in os.environ:
    from tests.crash.steps import begin, save

    _crash = json.loads(os.environ["CRASH"])
    _steps = begin(_crash)
    if "log" in _crash:
        atexit.register(save, _steps, _crash["log"])
