"""Server of a bucket, and how requests address it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from msgspec import Struct

from s3sync.config import mask_url
from s3sync.errors import ConfigError
from s3sync.store.options import StoreOptions
from s3sync.store.s3.credentials import Profile

DEFAULT_REGION = "us-east-1"
_S3_OF_AWS = re.compile(
    r"(?:bucket\.vpce-[a-z0-9-]+\.)?s3(?:-fips|-accelerate|-[a-z]{2}-[a-z]+-\d)?(?:\.dualstack)?"
    r"(?:\.[a-z]{2}(?:-[a-z]+)+-\d+)?(?:\.vpce)?\.amazonaws\.com(?:\.cn)?"
)
_WITHOUT_ACCELERATION = ("cn-", "us-gov-", "us-iso", "eusc-")


class Address(Struct, frozen=True):
    """`endpoint` is None for AWS itself. `addressing` says where the bucket stands, None for the usual place.

    `accelerated`: AWS's nearest location takes the requests, and carries them to the region.
    """

    bucket: str
    region: str
    endpoint: str | None
    addressing: str | None = None
    accelerated: bool = False

    @property
    def path_style(self) -> bool:
        """Own servers rarely have a host name per bucket; a dot in the bucket's name breaks the TLS wildcard."""
        if self.addressing is not None:
            return self.addressing == "path"
        return self.endpoint is not None or "." in self.bucket

    @property
    def shown(self) -> str:
        return self.endpoint or self._aws

    @property
    def _aws(self) -> str:
        if self.accelerated:
            return "https://s3-accelerate.amazonaws.com"
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"https://s3.{self.region}.{domain}"

    @property
    def base(self) -> str:
        """Endpoint in obstore's sense: with the bucket in it for virtual-hosted requests."""
        if self.path_style:
            return self.shown
        return self.shown.replace("://", f"://{self.bucket}.", 1)

    @property
    def host(self) -> str:
        """The host name alone, an IPv6 address without its brackets."""
        return urlsplit(self.shown).hostname or ""

    @property
    def is_aws(self) -> bool:
        """True if the server is AWS's own S3, known by its certificate. Other hosts there belong to customers."""
        return self.encrypted and _S3_OF_AWS.fullmatch(self.host) is not None

    @property
    def encrypted(self) -> bool:
        return self.shown.startswith("https://")


def find_address(bucket: str, options: StoreOptions, profile: Profile) -> Address:
    """Options first, then environment, then profile; for AWS, us-east-1 where nothing says otherwise."""
    env = options.env
    region = options.region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or profile.setting("region")
    endpoint = options.endpoint_url
    if not endpoint and env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        endpoint = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or profile.setting("endpoint_url")
    if endpoint:
        endpoint = endpoint.rstrip("/")
        if not endpoint.startswith(("http://", "https://")) or "@" in endpoint or "?" in endpoint:
            raise ConfigError(
                "endpoint_url is not the URL of a server", hint="write it as https://host[:port], without credentials"
            )
        _refuse_bucket_in(endpoint, bucket)
    address = Address(
        bucket, region or DEFAULT_REGION, endpoint or None, options.wire.addressing, options.wire.accelerate
    )
    if address.accelerated:
        _require_acceleration(address)
    return address


def _require_acceleration(address: Address) -> None:
    """Raises `ConfigError` for a bucket that cannot be reached so.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html
    """
    why = None
    if address.endpoint is not None:
        why = f"the store is on {mask_url(address.endpoint)}, and only AWS has it"
    elif address.region.startswith(_WITHOUT_ACCELERATION):
        why = f"AWS does not have it in {address.region}"
    elif "." in address.bucket:
        why = "it needs a bucket without a dot in its name"
    elif address.addressing == "path":
        why = "it needs the bucket in the host, and `addressing: path` asks for another place"
    if why is not None:
        raise ConfigError("transfer acceleration is not possible here", why=why, hint="take `accelerate` out")


def _refuse_bucket_in(endpoint: str, bucket: str) -> None:
    """An endpoint is a server's address. With the bucket in it, every request would name the bucket twice."""
    parts = urlsplit(endpoint)
    host = parts.netloc.removeprefix(f"{bucket}.")
    in_host, in_path = host != parts.netloc, parts.path.strip("/").split("/")[-1] == bucket
    if in_host or in_path:
        path = parts.path.rstrip("/").removesuffix(f"/{bucket}") if in_path else parts.path
        raise ConfigError(
            f"the endpoint has the bucket {bucket} in it",
            why="the store's address names the bucket, and the endpoint is the server alone",
            hint=f"set endpoint_url (or AWS_ENDPOINT_URL_S3) to {mask_url(f'{parts.scheme}://{host}{path}')}",
        )
