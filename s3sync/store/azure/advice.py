"""Advice to whom Azure does not let in: what signed, and what may be wrong with it. No secret is repeated."""

from __future__ import annotations

from datetime import UTC, datetime

from s3sync.config.signing import sas_end
from s3sync.errors import CredentialsError
from s3sync.store.azure.credentials import Signer

_WHICH = "`s3sync doctor` says which credential signs"


def advised(error: CredentialsError, signer: Signer, account: str) -> CredentialsError:
    """The error with advice for what signed. Azure's answer is the same for a key of another account, one that was
    renewed, and a signature that has ended."""
    if signer.login is not None:
        error.hint = f"run `az login` again, and ask for a role in the account {account}; {_WHICH}"
    elif signer.sas:
        _of_signature(error, signer, account)
    else:
        error.why = f"the account key of {signer.origin} is none of the account {account}"
        error.hint = (
            f"compare it with the keys of {account} in the portal, under Access keys: one that was renewed there no "
            f"longer counts; {_WHICH}"
        )
    return error


def _of_signature(error: CredentialsError, signer: Signer, account: str) -> None:
    ends = sas_end(signer.sas or "")
    if ends is not None and is_over(ends, datetime.now(UTC)):
        error.why = f"the shared access signature of {signer.origin} ended at {ends}"
        error.hint = f"ask whoever made it for a new one; {_WHICH}"
        return
    error.why = f"the shared access signature of {signer.origin} is not taken for the account {account}"
    error.hint = (
        "it may be of another account or container, not have begun yet, or have been revoked with the key that made "
        f"it: ask whoever made it for a new one; {_WHICH}"
    )


def is_over(ends: str, now: datetime) -> bool:
    """True if a time of a signature is past. False for what is no time."""
    try:
        told = datetime.fromisoformat(ends)
    except ValueError:
        return False
    return (told if told.tzinfo else told.replace(tzinfo=UTC)) < now
