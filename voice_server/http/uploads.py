"""Uploads: one multipart form with fields and a file, read within bounds and decoded off the event loop."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from pipeline.audio import Samples
from voice_server.audio_files import AudioFileError, decode
from voice_server.http.errors import ApiError

_MAX_FIELD_BYTES = 64 * 1024
_MAX_FIELDS = 32
_STATUS = {"empty_audio": 400, "invalid_audio": 415, "audio_too_long": 413}


@dataclass(frozen=True, slots=True)
class Upload:
    """What a form brought."""

    fields: Mapping[str, str | list[str]]
    """Fields whose name ends in `[]` are lists, without the `[]`."""
    audio: bytes


class Uploads:
    """Reads uploads of recordings."""

    def __init__(self, max_bytes: int, max_seconds: float) -> None:
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        # Decoding takes a core for some milliseconds per second of audio; conversations need the rest.
        self._decoding = asyncio.Semaphore(2)

    async def read(self, request: web.Request, file_field: str) -> Upload:
        """Read a multipart form whose file is in `file_field`. Raises ApiError."""
        if request.content_type != "multipart/form-data":
            message = f"Send a form (multipart/form-data) with the recording in the field {file_field}."
            raise ApiError(415, "unsupported_media_type", message)
        if (request.content_length or 0) > self._max_bytes + _MAX_FIELDS * _MAX_FIELD_BYTES:
            raise self._too_large(file_field)
        try:
            fields, audio = await self._read_parts(request, file_field)
        except (ValueError, AssertionError, HttpProcessingError) as error:
            message = "The form cannot be read: it is damaged, or not encoded as multipart/form-data."
            raise ApiError(400, "invalid_form", message) from error
        if audio is None:
            message = f"The form has no field {file_field}; put the recording there."
            raise ApiError(400, "missing_required_parameter", message, param=file_field)
        return Upload(fields, audio)

    async def decode(self, upload: Upload, file_field: str) -> Samples:
        """The recording as int16 mono at 16 kHz. Raises ApiError if it cannot be used."""
        async with self._decoding:
            try:
                return await asyncio.to_thread(decode, upload.audio, self._max_seconds)
            except AudioFileError as error:
                raise ApiError(_STATUS[error.code], error.code, error.message, param=file_field) from error

    async def _read_parts(
        self, request: web.Request, file_field: str
    ) -> tuple[dict[str, str | list[str]], bytes | None]:
        fields: dict[str, str | list[str]] = {}
        audio: bytes | None = None
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise ApiError(400, "invalid_form", "A part of the form has no name, or is a form itself.")
            if part.name == file_field:
                audio = await self._read_file(part, file_field)
                continue
            if part.filename is not None:
                message = f"There is a file in the field {part.name}; put the recording into the field {file_field}."
                raise ApiError(400, "missing_required_parameter", message, param=file_field)
            text = (await _read_bounded(part, _MAX_FIELD_BYTES, part.name)).decode()
            if part.name.endswith("[]"):
                values = fields.setdefault(part.name.removesuffix("[]"), [])
                if isinstance(values, list):
                    values.append(text)
            else:
                fields[part.name] = text
            if len(fields) > _MAX_FIELDS:
                raise ApiError(400, "invalid_form", f"The form has more than {_MAX_FIELDS} fields.")
        return fields, audio

    async def _read_file(self, part: BodyPartReader, file_field: str) -> bytes:
        try:
            return await _read_bounded(part, self._max_bytes, file_field)
        except ApiError as error:
            raise self._too_large(file_field) from error

    def _too_large(self, file_field: str) -> ApiError:
        message = f"The recording is larger than {self._max_bytes} bytes; send less, or compress it."
        return ApiError(413, "request_too_large", message, param=file_field)


async def _read_bounded(part: BodyPartReader, limit: int, name: str) -> bytes:
    read = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        read += chunk
        if len(read) > limit:
            raise ApiError(413, "request_too_large", f"{name} is longer than {limit} bytes.", param=name)
    return bytes(read)
