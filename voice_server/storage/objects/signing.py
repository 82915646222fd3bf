"""Signed addresses of a bucket, with a query.

obstore signs only addresses without one, yet leaves the query of the endpoint it is given in place: so the query goes
there. The credentials are found by obstore, wherever they come from.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import quote, urlencode

import obstore
from obstore.store import S3Store


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bucket is."""

    bucket: str
    prefix: str = ""
    """Of all keys, without a slash at its end."""
    region: str = "us-east-1"
    endpoint: str = ""
    """Empty: Amazon's own."""

    @property
    def address(self) -> str:
        """Of the bucket, path style."""
        return f"{self.endpoint or f'https://s3.{self.region}.amazonaws.com'}/{self.bucket}"

    @property
    def plain(self) -> bool:
        """Whether it is reached over HTTP without TLS."""
        return self.address.startswith("http://")

    def key(self, key: str) -> str:
        """The key within the bucket."""
        return f"{self.prefix}/{key}" if self.prefix else key


async def signed_address(
    place: Place, method: Literal["GET", "POST"], key: str, query: dict[str, str], seconds: int
) -> str:
    """Where the request may be made for so long. `key`: within the bucket, or empty for the bucket itself.

    What obstore appends to the endpoint becomes the value of `x-id`, which S3 ignores.
    """
    path = f"/{quote(key)}" if key else ""
    store = S3Store(
        place.bucket,
        endpoint=f"{place.address}{path}?{urlencode(query, quote_via=quote)}&x-id=",
        region=place.region,
        virtual_hosted_style_request=True,
        client_options={"allow_http": place.plain},
    )
    address = await obstore.sign_async(store, method, "", timedelta(seconds=seconds))
    return address.replace("&x-id=/&", "&x-id=%2F&", 1)
