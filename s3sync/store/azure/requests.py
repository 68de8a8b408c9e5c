"""Requests of one store on Azure: the two lanes, trying again, and errors that say why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from s3sync.errors import CredentialsError, S3syncError, StoreError
from s3sync.store.azure.address import find_address
from s3sync.store.azure.advice import advised
from s3sync.store.azure.credentials import Credentials
from s3sync.store.azure.errors import Target, error_class, translate
from s3sync.store.azure.failures import from_azure
from s3sync.store.azure.fast import FastLane
from s3sync.store.azure.full import FullLane
from s3sync.store.azure.names import MOST_CHARACTERS, require_name
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import OF_GATEWAYS, Failure
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.lanes.requests import LaneRequests
from s3sync.store.lanes.rounds import Names
from s3sync.store.options import StoreOptions

_NOT_LET_IN = ("AuthenticationFailed", "InvalidAuthenticationInfo", "AuthorizationFailure")


class Requests(LaneRequests):
    """Requests to one container."""

    def __init__(self, account: str, container: str, prefix: str, options: StoreOptions) -> None:
        self.container_url = f"az://{account}/{container}"
        self.credentials = Credentials(account, options)
        self.address = find_address(account, container, options.endpoint_url or self.credentials.endpoint)
        self.pace = options.pace
        self.fast = FastLane(self.address, self.credentials, options.wire)
        proxy = self.fast.proxy  # also that of the environment, of which the library takes nothing
        wire = replace(options.wire, proxy=proxy.url if proxy is not None else None)
        self.full = FullLane(self.address, self.credentials, wire, options.pace)
        super().__init__(self.container_url, prefix, self.fast, self.full)

    def key(self, key: str) -> str:
        """The whole name of an object. Raises `StoreError` for one that no blob has."""
        if not key or "\0" in key or len(self.root + key) > MOST_CHARACTERS:
            require_name(self.root + key, key)
        return self.root + key

    def new_key(self, key: str) -> str:
        """The whole name of an object that is to be written. Raises `StoreError` for one that Azure would change."""
        require_name(self.root + key, key)
        return self.root + key

    def items(
        self, doing: str, prefix: str, *, after: str = "", include: Sequence[str] = (), most: int | None = None
    ) -> Iterator[Any]:
        """The library's entries below a prefix, in order. `most`: how many a listing may give. Raises our errors."""

        def listing() -> Iterator[Any]:
            nonlocal after
            for item in self.full.items(prefix, include, after=after, most=most):
                after = item.name
                yield item

        return self._begun_again(doing, prefix, listing)

    def walk(self, doing: str, prefix: str) -> Iterator[Any]:
        """The library's entries directly below a prefix, as they come, each once. Raises our errors."""
        given = Names()
        return self._begun_again(
            doing, prefix, lambda: (item for item in self.full.walk(prefix) if given.add(item.name))
        )

    def _begun_again(self, doing: str, prefix: str, listing: Callable[[], Iterator[Any]]) -> Iterator[Any]:
        """A listing that is begun again after a passing failure, and then gives what it has not given."""
        attempts = self.attempts(doing)
        while True:
            try:
                attempts.counted()
                yield from listing()
                return
            except (S3syncError, GeneratorExit):
                raise
            except RequestFailed as error:
                raise self.error(error.failure, doing, prefix) from None
            except Exception as error:  # noqa: BLE001 - `from_azure` knows them all
                try:
                    attempts.again(from_azure(error))
                except RequestFailed as failed:
                    raise self.error(failed.failure, doing, prefix) from None

    def error(self, failure: Failure, doing: str, name: str) -> StoreError:
        """Our error for a failure: "could not <doing> <name>"."""
        if self.credentials.failure is not None and error_class(failure) in (CredentialsError, StoreError):
            return self.credentials.failure
        unsaid = failure.cause == "answer" and not failure.code and failure.status not in OF_GATEWAYS
        if unsaid and 400 <= failure.status < 500:
            failure = self._ask_why(failure, name)
        address = self.address
        target = Target(
            self.url, self.container_url, address.account, address.container, address.shown,
            self.credentials.secrets, self.fast.proxy,
        )  # fmt: skip
        error, signer = translate(failure, target, doing, name), self.credentials.in_use
        if isinstance(error, CredentialsError) and signer is not None and failure.code in _NOT_LET_IN:
            return advised(error, signer, address.account)
        return error

    def _ask_why(self, failure: Failure, name: str) -> Failure:
        """The answer to a HEAD has no body that could tell a missing container from a missing blob: ask with GET."""
        try:
            self.fast.get(name if name and not self.fast.cannot(name) else "s3sync-why", 0, 1, None)
        except RequestFailed as error:
            return error.failure
        except Exception as error:  # noqa: BLE001 - whatever it is, the first failure was one already
            told = from_obstore(error)
            if told.code or told.cause == "not_s3":
                return told
        return failure
