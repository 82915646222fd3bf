"""Answers as server-sent events, as OpenAI's API streams them."""

from collections.abc import Mapping

import orjson
from aiohttp import web

from pipeline.errors import PipelineError
from voice_server.http.errors import as_api_error, error_body


class EventStream:
    """One answer. The headers leave with the first event, so that what fails before is an ordinary error."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        )

    async def send(self, event: Mapping[str, object]) -> None:
        """Send one event."""
        await self._write(orjson.dumps(event))

    async def fail(self, error: PipelineError) -> web.StreamResponse:
        """End with an error. Raises it instead if nothing was sent yet."""
        if not self._response.prepared:
            raise error
        answer = as_api_error(error)
        await self.send(error_body(answer.status, answer.code, answer.message, answer.param))
        return await self._end()

    async def finish(self, *, done: bool) -> web.StreamResponse:
        """End, with OpenAI's `[DONE]` where the endpoint has it."""
        if done:
            await self._write(b"[DONE]")
        return await self._end()

    async def _write(self, data: bytes) -> None:
        if not self._response.prepared:
            await self._response.prepare(self._request)
        await self._response.write(b"data: " + data + b"\n\n")

    async def _end(self) -> web.StreamResponse:
        await self._response.write_eof()
        return self._response
