"""s3sync keys"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, TEAM, Group
from s3sync.cli.options import Yes

if TYPE_CHECKING:
    from s3sync.key_ring import KeyRing

CHANGES = OPENS | {"dry_run"}

keys = Group(
    TEAM, "The key of an encrypted repository: who has it, for whom it is wrapped, and a copy to keep safe.", "list"
)


@keys.word("create", "s3sync keys create", 0, 1, 2, 5, 130, takes=CHANGES)
def create(call: Call) -> int:
    """Make the key of a repository that is to be encrypted and has nothing in the store yet: once, by one member."""
    return _show(call, "create", _ring(call).create(dry_run=call.dry_run))


@keys.word("me", "s3sync keys me", 0, 1, 2, 130, takes=OPENS)
def me(call: Call) -> int:
    """Print your public key, which a member gives to `keys add`. The secret one is made first, and stays here."""
    return _show(call, "me", _ring(call).me())


@keys.word(
    "add",
    "s3sync keys add jan age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n"
    "s3sync keys add jan 'ssh-ed25519 AAAAC3Nza... jan@mac'",
    0, 1, 2, 5, 130,
    takes=CHANGES,
)  # fmt: skip
def add(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The member's name, as `user` says it there.")],
    public_key: Annotated[
        str, typer.Argument(metavar="PUBLIC_KEY", help="What `s3sync keys me` prints there, or an SSH public key.")
    ],
) -> int:
    """Wrap the repository's key for a member, who can read everything from then on, what is there already included."""
    return _show(call, "add", _ring(call).add(name, public_key, dry_run=call.dry_run))


@keys.word("remove", "s3sync keys remove jan", 0, 1, 2, 5, 130, takes=CHANGES)
def remove(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The member's name, as `keys list` says it.")],
    yes: Yes = False,
) -> int:
    """Delete what was wrapped for a member. Who had the key keeps it: take away the access to the bucket, too."""
    from s3sync.cli.output import answered_yes, warn

    def confirm(member: str) -> bool:
        warn(f"{member} can no longer take the key from the store. What he took he keeps, and reads with it whatever")
        warn("he can still fetch: take away his access to the bucket, too.")
        return answered_yes("Delete what was wrapped for him?")

    return _show(call, "remove", _ring(call).remove(name, (lambda _: True) if yes else confirm, dry_run=call.dry_run))


@keys.word("list", "s3sync keys list", 0, 1, 2, 5, 130, takes=OPENS)
def list_keys(call: Call) -> int:
    """List the members for whom the key is wrapped, and the id of the key here and of the one in the store."""
    return _show(call, "list", _ring(call).listed())


@keys.word("export", "s3sync keys export ~/v-appydave.s3sync-key", 0, 1, 2, 130, takes=CHANGES)
def export(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, which only you may read.")],
) -> int:
    """Write the repository's key to a file, to be kept where nothing else is: without it the files are lost."""
    return _show(call, "export", _ring(call).export(file, dry_run=call.dry_run))


@keys.word(
    "import",
    "s3sync keys import\ns3sync keys import --identity ~/.ssh/id_ed25519\n"
    "s3sync keys import ~/v-appydave.s3sync-key",
    0, 1, 2, 5, 130,
    takes=CHANGES,
)  # fmt: skip
def import_key(
    call: Call,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A file of `keys export`.", show_default=False)
    ] = None,
    identity: Annotated[
        Path | None,
        typer.Option("--identity", metavar="FILE", help="The SSH private key, or age identity, it was wrapped for."),
    ] = None,
    key_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The key's id, as a member's `keys list` says it.")
    ] = None,
) -> int:
    """Take the repository's key to this computer: the one that a member wrapped for you, or that of a file.

    Whoever can write to the bucket could wrap another key for you. So its id is shown and asked about.
    """
    from s3sync.cli.output import answered_yes, warn

    def confirm(found: str) -> bool:
        warn(f"The store has the key {found} for you.")
        warn("Compare it with what `s3sync keys list` says at a member's computer, by telephone for instance.")
        return answered_yes("Is it the same?")

    return _show(call, "import", _ring(call).take(file, identity, key_id, confirm, dry_run=call.dry_run))


def _ring(call: Call) -> KeyRing:
    from s3sync.key_ring import KeyRing

    return KeyRing.open(flags=call.flags)


def _show(call: Call, did: str, report: object) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.keys import keys_json, print_keys
    from s3sync.key_ring import KeyReport

    assert isinstance(report, KeyReport)
    if call.json:
        print_json(keys_json(did, report))
    elif not call.quiet or did in ("list", "me"):
        print_keys(did, report)
    return 0
