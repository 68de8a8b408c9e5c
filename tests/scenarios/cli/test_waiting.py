"""Whatever waits says for what, from the second second on; a request that is sent again is told."""

from __future__ import annotations

import re
import socket
import threading
import time

import pytest

from tests.contract.proxy import ERROR, Fault, proxying
from tests.kit.proxy import Proxy
from tests.kit.servers import Moto
from tests.promises.hostile.test_wire import wire
from tests.scenarios.cli.conftest import NewPerson
from tests.scenarios.cli.terminal import on_terminal


@pytest.mark.slow
def test_b8_a_terminal_says_what_is_waited_for(new_person: NewPerson, moto: Moto) -> None:
    """The line goes when the wait is over, and nothing of it stays on the screen."""
    with Proxy(moto.endpoint_url) as proxy:
        proxy.on("ListObjectsV2").delay(2.5)
        david = new_person(
            **{**moto.environment(), "S3SYNC_STORE": f"s3://{moto.bucket}", "AWS_ENDPOINT_URL": proxy.endpoint_url}
        )
        shown = on_terminal(david, "status").out
        assert f"waiting for {proxy.endpoint_url} to list (1 s)" in shown
    assert shown.rindex("\x1b[2K") > shown.rindex("waiting for") and "1 to upload" in shown


@pytest.mark.slow
def test_b8_a_retry_is_told_with_its_reason(new_person: NewPerson, moto: Moto) -> None:
    with proxying(moto.endpoint_url) as proxy:
        slow_down = (503, ERROR.format(code="SlowDown", message="Please reduce your request rate.", more=""))
        refused: list[float] = []

        def for_a_second(method: str, path: str) -> bool:
            """Longer than a retry is looked for: the waits between them are random, and all may be short."""
            if method != "PUT" or (refused and time.monotonic() > refused[0] + 1):
                return False
            refused.append(time.monotonic())
            return True

        proxy.faults.append(Fault(for_a_second, times=100, answer=slow_down))
        environ = {**moto.environment(), "S3SYNC_STORE": f"s3://{moto.bucket}", "AWS_ENDPOINT_URL": proxy.url}
        result = new_person(**environ).ok("up")
        quiet = new_person("jan", **environ).ok("up", "-q")
    assert re.search(rf"retry \d: write at {proxy.url} failed \(Please reduce your request rate\.\)", result.err)
    assert "retry" not in quiet.err


@pytest.mark.slow
@pytest.mark.parametrize("retries", [0, 1])
def test_b8_limits_in_the_settings_end_the_wait_for_a_silent_server(
    new_person: NewPerson, moto: Moto, retries: int
) -> None:
    david = new_person(**{**moto.environment(), "S3SYNC_STORE": f"s3://{moto.bucket}"})
    with wire(_wait) as silent:
        (david.repo / ".s3sync.yaml").write_text(
            f"endpoint_url: {silent.url}\nread_timeout: 5\nconnect_timeout: 2\nretries: {retries}\n"
        )
        before = time.monotonic()
        result = david.run("status", env={"AWS_ENDPOINT_URL": None})
        took = time.monotonic() - before
        listings = sum(b"list-type" in head for head in silent.heard)
    assert result.code == 1 and silent.url in result.err and "hint:" in result.err, result
    assert took > 4, f"{took} s, {listings} listings"
    assert listings == 2 * (retries + 1), "of the files, and of the locks beside them"


def _wait(connection: socket.socket) -> None:
    threading.Event().wait(60)
