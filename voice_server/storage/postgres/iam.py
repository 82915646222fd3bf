"""Tokens instead of passwords, for PostgreSQL at Amazon RDS with IAM authentication.

A token is a signed request, made without asking anybody, and opens connections for 15 minutes; those that are open stay
open. Source: "IAM database authentication" in the Amazon RDS User Guide.
"""

import asyncio
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.session import Session

TOKEN_SECONDS = 900
POSTGRES_PORT = 5432


class IamUnavailable(ConnectionError):
    """There is nothing to sign tokens with, so nobody connects. The message is one line: what is missing."""


class IamTokens:
    """Makes tokens for one user of one database: `await tokens()`.

    Credentials and region are found as all programs for AWS find them: of the task, of the machine, in the environment.
    """

    def __init__(self, url: str, user: str = "") -> None:
        """`url`: the database. `user`: instead of the one in it. Raises IamUnavailable."""
        parts = urlsplit(url)
        name = user or parts.username or ""
        if not parts.hostname or not name:
            raise IamUnavailable("DATABASE_AUTH: with iam, DATABASE_URL needs a host, and a user or DATABASE_USER.")
        self._session = Session()
        region = self._session.get_config_variable("region")
        if not region:
            raise IamUnavailable("DATABASE_AUTH: with iam, AWS_REGION must say where the database is.")
        self._region = str(region)
        wish = urlencode({"Action": "connect", "DBUser": name})
        self._request = f"https://{parts.hostname}:{parts.port or POSTGRES_PORT}/?{wish}"

    async def __call__(self) -> str:
        """A new token. Raises IamUnavailable."""
        # In a thread, because credentials that ran out are asked for anew over HTTP.
        return await asyncio.to_thread(self._signed)

    def _signed(self) -> str:
        request = AWSRequest("GET", self._request)
        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise IamUnavailable("DATABASE_AUTH: with iam, credentials for AWS are needed; give the task a role.")
            frozen = credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise IamUnavailable(f"DATABASE_AUTH: AWS gave no credentials ({error}).") from error
        SigV4QueryAuth(frozen, "rds-db", self._region, TOKEN_SECONDS).add_auth(request)
        return str(request.url).removeprefix("https://")
