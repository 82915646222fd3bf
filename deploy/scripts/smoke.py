"""Look whether an environment works from outside: health, TLS, redirect, the page and what it asks, answers."""

import argparse
import asyncio
import os
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.failures import DONE, FAILED
from deploy.scripts.spoken_turn import KEY_VARIABLE, SpeechFailed, speak

SECONDS = 20.0
SPOKEN_SECONDS = 60.0
LEAST_DAYS = 14
"""ACM renews two months before the end; this near to it, that has failed."""
QUESTION = "What is the boiling point of water in degrees Celsius?"


class Bad(Exception):
    """A check that failed, and why."""


@dataclass(frozen=True)
class Site:
    """What is looked at."""

    api: str
    """`https://api.DOMAIN`."""
    dashboard: str
    api_key: str | None

    @property
    def headers(self) -> dict[str, str]:
        """Of a client that has a key."""
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}


Check = Callable[[aiohttp.ClientSession, Site], Awaitable[str]]


async def health(http: aiohttp.ClientSession, site: Site) -> str:
    """The server is alive."""
    async with http.get(f"{site.api}/health") as answer:
        if answer.status != 200:
            raise Bad(f"GET /health answers {answer.status}, not 200. See the targets of the load balancer.")
    return "200"


async def tls(_http: aiohttp.ClientSession, site: Site) -> str:
    """Both addresses have a certificate that fits, is trusted and will be for a while, and speak TLS 1.2 at least."""
    told = []
    for address in (site.api, site.dashboard):
        parts = urlsplit(address)
        if parts.scheme != "https":
            raise Bad(f"{address} is not https.")
        context = ssl.create_default_context()
        _, writer = await asyncio.open_connection(parts.hostname, parts.port or 443, ssl=context)
        connection = writer.get_extra_info("ssl_object")
        ends = ssl.cert_time_to_seconds(connection.getpeercert()["notAfter"])
        version = connection.version()
        writer.close()
        days = (ends - time.time()) / 86_400
        if days < LEAST_DAYS:
            raise Bad(f"The certificate of {parts.hostname} ends in {days:.0f} days. See its renewal in ACM.")
        told.append(f"{parts.hostname}: {version}, {days:.0f} days")
    return "; ".join(told)


async def redirect(http: aiohttp.ClientSession, site: Site) -> str:
    """Who comes without TLS is sent to TLS, or by CloudFront refused."""
    plain = site.api.replace("https://", "http://", 1)
    async with http.get(f"{plain}/health", allow_redirects=False) as answer:
        place = answer.headers.get("Location", "")
        if answer.status != 403 and not (answer.status == 301 and place.startswith("https://")):
            raise Bad(f"{plain} answers {answer.status} {place}, not 301 to https. See the listener of port 80.")
    return str(answer.status)


async def page(http: aiohttp.ClientSession, site: Site) -> str:
    """The page is there."""
    async with http.get(site.dashboard) as answer:
        text = await answer.text()
        if answer.status != 200 or "<html" not in text.lower():
            raise Bad(f"{site.dashboard} answers {answer.status} and no page. Copy the page into its bucket.")
    return f"{len(text)} characters"


async def page_asks(http: aiohttp.ClientSession, site: Site) -> str:
    """What the page asks at its own address, the server answers, also where it refuses."""
    told = []
    for path, status in (("/api/v1/about", 200), ("/api/v1/nothing", 404)):
        async with http.get(f"{site.dashboard}{path}") as answer:
            if answer.status != status or answer.content_type != "application/json":
                what = f"answers {answer.status}, {answer.content_type}, not {status}, application/json"
                raise Bad(
                    f"GET {site.dashboard}{path} {what}. See CloudFront's behaviours, and the load balancer's rules."
                )
            told.append(str(answer.status))
    return ", ".join(told)


async def page_talks(http: aiohttp.ClientSession, site: Site) -> str:
    """A conversation can be opened as the page does it: at its own address, with the key in the subprotocol."""
    protocols = ("realtime", f"openai-insecure-api-key.{site.api_key}") if site.api_key else ()
    where = f"{site.dashboard}/v1/realtime?extensions=1&greeting=0"
    try:
        async with http.ws_connect(where, protocols=protocols, origin=site.dashboard) as socket:
            event = await socket.receive_json()
    except aiohttp.WSServerHandshakeError as error:
        what = f"A WebSocket to {site.dashboard}/v1/realtime is refused with {error.status}."
        raise Bad(f"{what} See CloudFront's behaviours, and {KEY_VARIABLE}.") from error
    except TypeError as error:
        raise Bad(f"A WebSocket to {site.dashboard}/v1/realtime closes before it says anything.") from error
    if event.get("type") != "session.created":
        raise Bad(f"A WebSocket to {site.dashboard}/v1/realtime begins with {event}, not with session.created.")
    return "session.created"


async def metrics(http: aiohttp.ClientSession, site: Site) -> str:
    """What the server measures is not for everybody."""
    async with http.get(f"{site.api}/metrics") as answer:
        if answer.status not in (401, 403, 404):
            raise Bad(f"GET /metrics answers {answer.status} to anybody. See the load balancer's rules.")
    return str(answer.status)


async def chat(http: aiohttp.ClientSession, site: Site) -> str:
    """An answer in writing."""
    body = {"model": "galion", "messages": [{"role": "user", "content": QUESTION}]}
    async with http.post(f"{site.api}/v1/chat/completions", json=body, headers=site.headers) as answer:
        if answer.status != 200:
            text = (await answer.text())[:200]
            raise Bad(f"POST /v1/chat/completions answers {answer.status}: {text} Check {KEY_VARIABLE}.")
        told: str = (await answer.json())["choices"][0]["message"]["content"]
    if not told.strip():
        raise Bad("The answer in writing is empty. See the server's log, and the language model's key.")
    return f'"{told}"'


async def spoken(_http: aiohttp.ClientSession, site: Site) -> str:
    """An answer in speech, as clients get it and as the page does, by another way."""
    told = []
    for address in dict.fromkeys((site.api, site.dashboard)):
        try:
            turn = await asyncio.to_thread(speak, address, site.api_key, seconds=SPOKEN_SECONDS)
        except SpeechFailed as error:
            raise Bad(f"{address}: {error}") from error
        told.append(f"{address}: {turn.told()}")
    return " ".join(told)


CHECKS: Sequence[Check] = (health, tls, redirect, page, page_asks, page_talks, metrics, chat, spoken)
OVER_TLS: Sequence[Check] = (tls, redirect)


async def look(site: Site, say: Callable[[str], None]) -> int:
    """Every check, whatever the others say. Gives how many failed."""
    failed = 0
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        for check in CHECKS:
            if check in OVER_TLS and site.api.startswith("http://"):
                say(f"left out  {check.__name__}: {site.api} has no TLS")
                continue
            try:
                say(f"ok        {check.__name__}: {await check(http, site)}")
            except (Bad, aiohttp.ClientError, OSError, TimeoutError, ValueError, LookupError) as error:
                failed += 1
                say(f"FAILED    {check.__name__}: {str(error) or type(error).__name__}")
    return failed


def run(context: Context, _options: argparse.Namespace) -> int:
    """Gives the exit code."""
    addresses = context.environment.addresses
    site = Site(addresses["api"], addresses["dashboard"], os.environ.get(KEY_VARIABLE))
    failed = asyncio.run(look(site, context.say))
    context.say("All is well." if not failed else f"{failed} of {len(CHECKS)} failed.")
    return FAILED if failed else DONE


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code."""
    return main(parser("smoke", __doc__), run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
