"""s3sync completion"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import ASKS, SET_UP, command


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@command(
    SET_UP,
    's3sync completion bash\neval "$(s3sync completion bash)"   # a line for ~/.bashrc',
    0, 2,
    takes=ASKS,
    verbose="Accepted; everything is shown anyway.",
)  # fmt: skip
def completion(
    call: Call, shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)]
) -> int:
    """Print a script with which your shell completes commands, options, projects and files."""
    from s3sync.cli.completion import SCRIPTS
    from s3sync.cli.output import print_json, say

    if call.json:
        print_json({"schema": 1, "command": "completion", "shell": shell.value, "script": SCRIPTS[shell]})
    else:
        say(SCRIPTS[shell])
    return 0
