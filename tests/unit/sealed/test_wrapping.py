"""Recipients that somebody hands over, and wrapped keys that somebody put into the store."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.errors import NotAuthentic, UsageError
from s3sync.keys.wrapping import MOST_BYTES, new_identity, recipient_of, unwrap, wrap
from s3sync.store.sealed.keys import SECRET_BYTES, RepositoryKey

pytest.importorskip("pyrage")
KEY = RepositoryKey(bytes(SECRET_BYTES))
_END = b"--- " + b"A" * 43 + b"\n" + b"0" * 64


def ssh(kind: str, *fields: bytes) -> str:
    body = b"".join(len(field).to_bytes(4) + field for field in (kind.encode(), *fields))
    return f"{kind} {b64encode(body).decode()} jan@mac"


def test_a_wrapped_key_is_far_smaller_than_one_may_be() -> None:
    identity = new_identity()
    body = wrap(KEY, "r" * 128, recipient_of(identity))
    rsa = wrap(KEY, "r" * 128, ssh("ssh-rsa", b"\1\0\1", b"\0\xc1" + b"\1" * 511))
    assert len(rsa) < 2048 < MOST_BYTES
    found = unwrap(body, "r" * 128, identity)
    assert found is not None and found.secret == KEY.secret


@pytest.mark.parametrize(
    "fields",
    [
        (b"", b"\0"),
        (b"", b""),
        (b"\1\0\1", b""),
        (),
        (b"\1\0\1",),
        (b"\1\0\1", b"\0" + b"\xff" * 1400),
        (b"\0", b"\0\xc1" + b"\1" * 511),
        (b"\1\0\1", b"\0"),
    ],
)
def test_no_recipient_ends_the_command_with_a_panic(
    fields: tuple[bytes, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="no public key"):
        wrap(KEY, "films", ssh("ssh-rsa", *fields))
    assert capfd.readouterr().err == ""


@given(st.sampled_from(["ssh-rsa", "ssh-ed25519"]), st.lists(st.binary(max_size=40), max_size=4), st.binary(max_size=8))
def test_whatever_is_no_recipient_is_one_error(kind: str, fields: list[bytes], cut: bytes) -> None:
    try:
        assert wrap(KEY, "films", ssh(kind, *fields, cut))
    except UsageError as error:
        assert "no public key" in error.message


@pytest.mark.parametrize(
    "header", [b"-> x\n\n" * 2600, b"-> " + b"x " * 7000 + b"x\n\n", b"-> x\n" + (b"A" * 64 + b"\n") * 240 + b"\n"]
)
def test_a_header_that_would_be_read_for_long_is_refused_unread(header: bytes) -> None:
    """Sixteen thousand bytes in small stanzas were ten seconds, in which nothing could be interrupted."""
    with pytest.raises(NotAuthentic, match="is none"):
        unwrap((b"age-encryption.org/v1\n" + header + _END)[: 16 * 1024], "films", new_identity())
