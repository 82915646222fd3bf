"""`/api/v1/conversations`: what was said, for those who said it and for the tenant's staff."""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from voice_server.access.roles import require_scope
from voice_server.auth import principal_of
from voice_server.conversations.history import MARK, UNMARK, History, Said, Summary, Wanted
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of

MAX_PAGE = 100
MAX_ITEMS = 1000
MAX_WORDS = 200
"""Characters of a search."""
_CURSOR = re.compile(r"([0-9T:.-]{10,30}\+00:00) ([A-Za-z0-9_-]{1,64})")
_MARKED = re.compile(f"{MARK}(.*?){UNMARK}", re.DOTALL)


class HistoryRoutes:
    """The endpoints, to be protected."""

    def __init__(self, history: History) -> None:
        self._history = history

    def routes(self) -> list[web.RouteDef]:
        """Where they are reached."""
        return [
            web.get("/api/v1/conversations", self.list),
            web.get("/api/v1/conversations/{conversation_id}", self.read),
            web.delete("/api/v1/conversations/{conversation_id}", self.delete),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """A page of conversations, the newest first; with `q`, those in which it was said."""
        principal = principal_of(request)
        require_scope(principal, "history")
        limit = _number(request, "limit", 20, 1, MAX_PAGE)
        customer_id = _text(request, "customer", 36)
        wanted = Wanted(
            assistant=_text(request, "assistant", 64),
            customer_id=None if customer_id is None else _uuid(customer_id),
            began_after=_moment(request, "began_after"),
            began_before=_moment(request, "began_before"),
            words=_text(request, "q", MAX_WORDS),
            only_own=_is_of_person(request),
            after=_cursor(_text(request, "after", 200)),
        )
        found = await self._history.page(principal, wanted, limit + 1)
        page, more = found[:limit], len(found) > limit
        return web.json_response(
            {"data": [_summary(each) for each in page], "next": _cursor_after(page[-1]) if more else None}
        )

    async def read(self, request: web.Request) -> web.Response:
        """One conversation with its items."""
        principal = principal_of(request)
        require_scope(principal, "history")
        limit = _number(request, "limit", MAX_ITEMS, 1, MAX_ITEMS)
        after = _number(request, "after", -1, -1, 2**62)
        conversation_id = _id(request)
        found = await self._history.read(principal, conversation_id, after, limit + 1, request_id_of(request))
        if found is None:
            raise _not_found(conversation_id)
        summary, said = found
        page = said[:limit]
        items = {"items": [_item(each) for each in page], "next": page[-1].position if len(said) > limit else None}
        return web.json_response({**_summary(summary), **items})

    async def delete(self, request: web.Request) -> web.Response:
        """All of one conversation, for good."""
        principal = principal_of(request)
        require_scope(principal, "history")
        conversation_id = _id(request)
        if not await self._history.delete(principal, conversation_id, request_id_of(request)):
            raise _not_found(conversation_id)
        return web.Response(status=204)


def _summary(each: Summary) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": each.id,
        "assistant": each.assistant,
        "channel": each.channel,
        "language": each.language,
        "customer": None if each.customer_id is None else str(each.customer_id),
        "began_at": each.began_at.isoformat(),
        "changed_at": each.changed_at.isoformat(),
        "ended_at": None if each.ended_at is None else each.ended_at.isoformat(),
        "count": each.items,
        "opening": each.opening,
    }
    if each.matches is not None:
        shown["matches"] = [
            {"item_id": match["item_id"], "role": match["role"], "passage": _pieces(match["passage"])}
            for match in each.matches
        ]
    return shown


def _pieces(passage: str) -> list[dict[str, Any]]:
    """A passage in pieces, so that nobody has to mix markup with what people said."""
    pieces = enumerate(_MARKED.split(passage))
    return [{"text": text, "found": index % 2 == 1} for index, text in pieces if text]


def _item(each: Said) -> dict[str, Any]:
    return {
        "id": each.id,
        "position": each.position,
        "role": each.role,
        "text": each.text,
        "status": each.status,
        "said_at": each.said_at.isoformat(),
        "timings": each.timings,
        "unheard": each.unheard,
    }


def _not_found(conversation_id: str) -> ApiError:
    message = f"There is no conversation {conversation_id} of yours; GET /api/v1/conversations lists them."
    return ApiError(404, "conversation_not_found", message)


def _id(request: web.Request) -> str:
    conversation_id = request.match_info["conversation_id"]
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", conversation_id):
        raise ApiError(404, "conversation_not_found", "This is the id of no conversation.")
    return conversation_id


def _text(request: web.Request, name: str, longest: int) -> str | None:
    text = request.query.get(name, "").strip()
    if len(text) > longest or not all(character.isprintable() or character.isspace() for character in text):
        raise ApiError(400, "invalid_value", f"{name} must be at most {longest} readable characters.", param=name)
    return text or None


def _number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or not low <= int(text) <= high:
        raise ApiError(400, "invalid_value", f"{name} must be a whole number from {max(0, low)} to {high}.", param=name)
    return int(text)


def _is_of_person(request: web.Request) -> bool:
    whose = request.query.get("of", "tenant")
    if whose not in ("person", "tenant"):
        raise ApiError(400, "invalid_value", "of must be person or tenant.", param="of")
    return whose == "person"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ApiError(400, "invalid_value", "customer must be a UUID.", param="customer") from None


def _moment(request: web.Request, name: str) -> datetime | None:
    text = _text(request, name, 40)
    if text is None:
        return None
    try:
        # A plus sign that was not encoded arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"{name} must be a time such as 2026-01-31T12:00:00Z."
        raise ApiError(400, "invalid_value", message, param=name) from None


def _cursor_after(last: Summary) -> str:
    return urlsafe_b64encode(f"{last.began_at.isoformat()} {last.id}".encode()).decode()


def _cursor(text: str | None) -> tuple[datetime, str] | None:
    if text is None:
        return None
    try:
        found = _CURSOR.fullmatch(urlsafe_b64decode(text.encode()).decode())
        began_at = datetime.fromisoformat(found[1]) if found else None
    except (ValueError, binascii.Error):
        found = began_at = None
    if found is None or began_at is None:
        message = "after must be the `next` of the page before."
        raise ApiError(400, "invalid_value", message, param="after")
    return began_at, found[2]
