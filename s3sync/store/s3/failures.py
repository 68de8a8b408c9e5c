"""botocore's exceptions, read into a `Failure`: known by class name and parsed response, without importing it."""

from __future__ import annotations

from typing import Any

from s3sync.store.lanes.failures import MOST_SAID, PROXY_PASSWORD, TIMED_OUT, Cause, Failure, wants_proxy_password

# botocore's exceptions by name, looked up along the class hierarchy.
_BOTOCORE: dict[str, Cause] = {
    "SSLError": "connect",
    "EndpointConnectionError": "connect",
    "ConnectTimeoutError": "connect",
    "ProxyConnectionError": "connect",
    "ConnectionClosedError": "broken",
    "ReadTimeoutError": "broken",
    "ResponseStreamingError": "broken",
    "HTTPClientError": "broken",
    "IncompleteReadError": "truncated",
    "ResponseParserError": "not_s3",
    "PaginationError": "endless",
    "NoCredentialsError": "credentials",
    "PartialCredentialsError": "credentials",
    "CredentialRetrievalError": "credentials",
    "MetadataRetrievalError": "credentials",
    "InvalidConfigError": "credentials",
    "ProfileNotFound": "credentials",
    "SSOError": "credentials",
    "TokenRetrievalError": "credentials",
    "LoginError": "credentials",
    "ConfigParseError": "credentials",
}
_PLAIN_REASONS: dict[str, str] = {
    "EndpointConnectionError": "no connection",
    "ConnectTimeoutError": "timed out while connecting",
    "ReadTimeoutError": TIMED_OUT,
    "ProxyConnectionError": "no connection to the proxy",
    "SSLError": "its TLS certificate is not trusted, or it does not speak TLS",
    "ConnectionClosedError": "the connection broke",
}


def from_botocore(error: BaseException) -> Failure:
    """Read an exception that botocore raised."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        return _client_error(response)
    names = [kind.__name__ for kind in type(error).__mro__]
    if wants_proxy_password(f"{error} {error.__cause__} {getattr(error, 'kwargs', '')}"):
        return PROXY_PASSWORD
    cause: Cause = next((_BOTOCORE[name] for name in names if name in _BOTOCORE), "other")
    reason = next((_PLAIN_REASONS[name] for name in names if name in _PLAIN_REASONS), "")
    if cause == "credentials":
        reason = str(error)
    silent = cause == "broken" and "timed out" in f"{error} {getattr(error, 'kwargs', '')}"
    return Failure(cause, message=TIMED_OUT if silent else reason or type(error).__name__, silent=silent)


def _client_error(response: dict[str, Any]) -> Failure:
    meta, said = response.get("ResponseMetadata", {}), response["Error"]
    headers = meta.get("HTTPHeaders", {})
    region = str(said.get("Region") or headers.get("x-amz-bucket-region", ""))
    status, code = int(meta.get("HTTPStatusCode", 0)), str(said.get("Code", ""))
    if status == 407:
        return PROXY_PASSWORD
    if code.isdigit() or not code:
        # A HEAD has no body, and a body that is not S3's XML leaves only the status.
        return Failure("answer", status, region=region)
    return Failure("answer", status, code, str(said.get("Message", ""))[:MOST_SAID], region=region)
