"""Our server as it is without any vendor's key, on a free port, and what its language model was shown."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp.test_utils import TestServer

from pipeline.providers.interfaces import CompletionOptions, LanguageModel, ModelDelta, ModelMessage
from voice_server.app import open_app
from voice_server.assistants.catalog import open_catalog
from voice_server.settings import read_settings
from voice_server.stages import open_stages
from voice_server.storage.opened import open_storage

KEY = "key-of-the-peers"


class ObservedModel:
    """A language model, and everything that it was shown."""

    def __init__(self, model: LanguageModel, shown: list[Sequence[ModelMessage]]) -> None:
        self.name = model.name
        self._model = model
        self._shown = shown

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        self._shown.append(tuple(messages))
        async with aclosing(self._model.complete(messages, options)) as deltas:
            async for delta in deltas:
                yield delta


@dataclass
class Served:
    """A running server."""

    url: str
    shown: list[Sequence[ModelMessage]] = field(default_factory=list)
    """The messages of each call of the language model, in order."""

    def check_cut(self, text: str, *, before: str) -> str:
        """Check that of an interrupted answer the model was shown only the beginning, next to the user's words.

        Gives that beginning.
        """
        shown = next(messages for messages in self.shown if messages[-1].text == before)
        kept = shown[-2].text
        print(f"the model was shown of the interrupted answer: {kept!r}")
        assert shown[-2].role == "assistant"
        assert text.startswith(kept)
        assert 0 < len(kept) < len(text)
        return kept


@asynccontextmanager
async def serve() -> AsyncIterator[Served]:
    """The whole server on embedded providers, which the routes of the real one reach too."""
    settings = read_settings({"API_KEYS": KEY}, dotenv=Path(os.devnull))
    url = "http://voice.example"
    with TemporaryDirectory(prefix="vs-") as folder:
        settings = replace(settings, data_dir=Path(folder))
        async with (
            open_storage(settings, url) as storage,
            open_catalog() as assistants,
            open_stages(settings, assistants) as stages,
        ):
            served = Served("")
            models = {name: ObservedModel(model, served.shown) for name, model in stages.language_models.items()}
            stages = replace(stages, language_models=models)
            async with open_app(settings, assistants, stages, storage, url) as app, TestServer(app) as server:
                served.url = str(server.make_url("")).rstrip("/")
                yield served
