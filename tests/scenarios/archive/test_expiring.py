"""`doctor` and lifecycle rules that delete what archive sets keep in a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import Person
from tests.kit.proxy import Proxy
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import settings
from tests.scenarios.archive.test_catalogue import FOREIGN, SET, Place, sent

GONE = {"Status": "Enabled", "Expiration": {"Days": 365}}


@pytest.fixture
def place(moto: Server, tmp_path: Path) -> Place:
    return Place(moto, tmp_path)


def told(place: Place, ana: Person, *rules: dict[str, Any]) -> tuple[str, str]:
    """What `doctor` says of archives under these rules."""
    place.client.put_bucket_lifecycle_configuration(
        Bucket=place.bucket,
        LifecycleConfiguration={"Rules": [{"ID": f"r{number}", **one} for number, one in enumerate(rules)]},
    )
    checks = ana.run("doctor", "--json", cwd=ana.repo).json["checks"]
    (found,) = [one for one in checks if one["name"] == "archives"]
    return found["level"], found["found"]


def test_rules_that_delete_archives_are_told_and_others_are_not(place: Place) -> None:
    ana = sent(place)
    tagged = {"Tag": {"Key": "archive", "Value": "fast"}}
    for chosen in ({"Prefix": ""}, {"Prefix": "raw/"}, tagged, {"And": {"Prefix": "ra", "Tags": [tagged["Tag"]]}}):
        level, found = told(place, ana, FOREIGN, {**GONE, "Filter": chosen})
        assert level == "warn" and "archives.sessions: " in found and "deleted after 365 days" in found
    for known, level in (("raw/m3", "warn"), ("raw/m9", "ok")):
        assert told(place, ana, {**GONE, "Filter": {"Prefix": known}})[0] == level, "only what is archived counts"
    level, found = told(
        place, ana, {"Status": "Enabled", "Prefix": "cache/", "Expiration": {"Date": "2099-01-01T00:00:00Z"}}
    )
    assert level == "warn" and "archives.media: below cache/: deleted on 2099-01-01" in found
    for harmless in (
        {"Filter": {"Tag": {"Key": "archive", "Value": "other"}}},
        {"Filter": {"Prefix": ""}, "Status": "Disabled"},
        {"Filter": {"Prefix": ""}, "Expiration": {"ExpiredObjectDeleteMarker": True}},
        {"Filter": {"Prefix": ".s3sync/batch/"}},
    ):
        assert told(place, ana, {**GONE, **harmless}) == ("ok", "no lifecycle rule deletes what is archived")


def test_a_bucket_that_does_not_say_is_not_called_safe(place: Place, tmp_path: Path) -> None:
    server = place.server
    with Proxy(server.endpoint_url, {who.access_key: who.secret_key for who in server.users.values()}) as proxy:
        ana = place.person("ana")
        settings(ana, SET.format(endpoint=proxy.endpoint_url, bucket=place.bucket))
        ana.environ = {**ana.environ, "AWS_ENDPOINT_URL": proxy.endpoint_url}
        proxy.on("GetBucketLifecycle*").reply(403, "AccessDenied")
        checks = ana.run("doctor", "--json", cwd=ana.repo).json["checks"]
    (found,) = [one for one in checks if one["name"] == "archives"]
    assert found["level"] == "skipped" and "cannot be told" in found["found"]
