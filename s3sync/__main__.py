"""`python -m s3sync`.

Python puts the current folder before all others that it takes modules from, and that may be anybody's clone. From here
on it is none of them, unless s3sync itself was found there. What Python has not imported by now would still come from
there: so nothing else is used for that.
"""

import os
import sys

try:
    if not sys.flags.safe_path and os.path.realpath(sys.path[0]) == os.path.realpath(os.curdir):
        here, this = os.path.realpath(os.curdir), os.path.realpath(__file__)
        if os.path.join(here, "s3sync", "__main__.py") != this:  # noqa: PTH118
            del sys.path[0]
except OSError:
    pass  # a folder that is gone holds no modules

from s3sync.cli.main import main

main()
