"""Sessions: from the name of an assistant to a conversation with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pipeline.continuation import Unfinished
from pipeline.conversation import Conversation
from pipeline.deadlines import LANGUAGE_MODEL
from pipeline.prepared import Phrases
from pipeline.session import Providers, Session
from pipeline.settings import SessionSettings, TurnDetection
from pipeline.tools import Tool
from voice_server.assistants.assistant import Assistant
from voice_server.assistants.catalog import Catalog
from voice_server.phrases import Phrasebook, Speaker
from voice_server.stages import Stages


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a conversation is held with."""

    stages: Stages
    phrasebook: Phrasebook


class Sessions:
    """Begins conversations."""

    def __init__(
        self,
        assistants: Catalog,
        stages: Stages,
        phrasebook: Phrasebook,
        language: str | None,
        llm_deadline_seconds: float = LANGUAGE_MODEL.first_seconds,
    ) -> None:
        """`language`: ISO 639-1, instead of the assistants' own. `llm_deadline_seconds`: that each model has."""
        self._assistants = assistants
        self._stages = stages
        self._phrasebook = phrasebook
        self._language = language
        self._llm_deadline_seconds = llm_deadline_seconds

    def assistant(self, name: str) -> Assistant:
        """The assistant of this name."""
        return self._assistants.get(name)

    def find_assistant(self, name: str | None) -> tuple[str, SessionSettings]:
        """The name of that assistant, and how conversations with it begin."""
        assistant = self._assistants.get(name)
        settings = SessionSettings(
            instructions=assistant.instructions,
            voice=assistant.voice,
            language=self._language or assistant.language,
            domain=assistant.name,
            turn_detection=TurnDetection(kind="semantic_vad"),
        )
        # The stage's own deadlines come first: whoever is behind a slow model is to be asked before all is given up.
        patience = settings.first_words_deadline_seconds + self._llm_deadline_seconds - LANGUAGE_MODEL.first_seconds
        settings = replace(settings, first_words_deadline_seconds=patience)
        return assistant.name, settings

    def new_session(
        self,
        session_id: str,
        settings: SessionSettings,
        assistant_name: str,
        *,
        greets: bool = False,
        conversation: Conversation | None = None,
        unfinished: Unfinished | None = None,
        tools: Sequence[Tool] | None = None,
        speaker: Speaker | None = None,
        equipment: Equipment | None = None,
    ) -> Session:
        """A conversation, to be opened with `async with`. `greets`: the assistant may speak first. `conversation` and
        `unfinished`: what an earlier session of it left. `tools` and `speaker`: instead of the assistant's own.
        `equipment`: instead of the server's.
        """
        assistant = self._assistants.get(assistant_name)
        stages, phrasebook = self._stages, self._phrasebook
        if equipment is not None:
            stages, phrasebook = equipment.stages, equipment.phrasebook
            speaker = speaker or self._phrasebook.speaker(assistant.name)
        providers = Providers(
            speech_to_text=stages.speech_to_text,
            language_model=stages.language_models[assistant.name],
            text_to_speech=stages.text_to_speech,
            phrases=self._phrases(assistant.name, speaker, phrasebook),
        )
        own = assistant.tools if tools is None else tools
        return Session(session_id, settings, providers, own, conversation, greets=greets, unfinished=unfinished)

    def _phrases(self, assistant: str, speaker: Speaker | None, phrasebook: Phrasebook) -> Callable[[], Phrases]:
        if speaker is None:
            return partial(phrasebook.of, assistant)
        return partial(phrasebook.of_guest, replace(speaker, language=self._language or speaker.language))
