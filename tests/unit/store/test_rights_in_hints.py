"""A refused request about the bucket itself names the right that it needs: those of members would not help."""

from __future__ import annotations

import pytest

from s3sync.errors import AccessDenied
from s3sync.store.lanes.failures import Failure
from s3sync.store.s3.errors import HINTS, Target, translate

TARGET = Target("s3://films", "films", "https://s3.example.com")


@pytest.mark.parametrize(
    ("doing", "right"),
    [
        ("read the lifecycle rules of", "GetLifecycleConfiguration"),
        ("set the lifecycle rules of", "PutLifecycleConfiguration"),
        ("remove the lifecycle rules of", "PutLifecycleConfiguration"),
        ("set the versioning of", "PutBucketVersioning"),
        ("block public access to", "PutBucketPublicAccessBlock"),
        ("read the public access block of", "GetBucketPublicAccessBlock"),
        ("set the encryption of", "PutEncryptionConfiguration"),
        ("remove the CORS rules of", "PutBucketCORS"),
    ],
)
def test_the_right_is_that_of_the_request(doing: str, right: str) -> None:
    error = translate(Failure("answer", 403, "AccessDenied", "Access Denied."), TARGET, doing)
    assert isinstance(error, AccessDenied) and error.hint is not None and f"s3:{right}:" in error.hint


@pytest.mark.parametrize("doing", ["list", "read", "upload"])
def test_what_members_do_needs_theirs(doing: str) -> None:
    error = translate(Failure("answer", 403, "AccessDenied", "Access Denied."), TARGET, doing, "films/a.mp4")
    assert error.hint == HINTS[AccessDenied]
