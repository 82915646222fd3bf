"""Chains of a tenant's own: providers in its order and on its account, opened once and shared by its conversations.

There is one set for each version of a tenant's keys and order. A conversation holds the one that it began with; what
has been replaced is closed when nobody holds it any more, and what nobody has used for a while, too.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self, get_args
from uuid import UUID

import structlog

from pipeline.providers.catalog import KEEP_WARM_SECONDS, Catalog, Stage
from pipeline.providers.health import ProviderHealth
from pipeline.providers.interfaces import LanguageModel, SpeechToText, TextToSpeech
from pipeline.providers.race import Candidate
from voice_server.assistants import catalog as assistants
from voice_server.assistants.assistant import Assistant
from voice_server.background import running
from voice_server.phrases import Phrasebook
from voice_server.sessions import Equipment
from voice_server.stages import House, Stages
from voice_server.tenants.account_totals import together
from voice_server.tenants.config import ProvidersConfig
from voice_server.tenants.nobody import NoLanguageModel, NoSpeechToText, NoTextToSpeech
from voice_server.tenants.own_provider import Account, OwnLanguageModel, OwnSpeechToText, OwnTextToSpeech
from voice_server.tenants.provider_keys import OwnKeys
from voice_server.tenants.provider_order import EMBEDDED, Order, Place, is_servers, order_of

MAX_OPEN = 64
"""That nobody holds; the one used longest ago is closed first."""
IDLE_SECONDS = 600.0
"""After which one that nobody holds is closed."""
STAGES: tuple[Stage, ...] = get_args(Stage)

_log = structlog.get_logger(__name__)
_Version = tuple[UUID, OwnKeys, ProvidersConfig]


@dataclass(slots=True, eq=False)
class _Opened:
    """What belongs to one version."""

    equipment: Equipment
    accounts: Sequence[Account]
    catalog: Catalog
    resources: AsyncExitStack
    used_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())


@dataclass(frozen=True, slots=True)
class Described:
    """A stage of a tenant's conversations, for its admins."""

    order: Order
    accounts: Mapping[str, Account]
    """By the provider, as far as they were used here lately."""


class Chains:
    """Those of all tenants. `async with` closes them all."""

    def __init__(
        self, stages: Stages, catalog: assistants.Catalog, keys_of: Callable[[UUID], Awaitable[OwnKeys]]
    ) -> None:
        """`stages`: the server's. `keys_of`: see ProviderKeys."""
        self._stages = stages
        self._assistants = catalog
        self._keys_of = keys_of
        self._opened: dict[_Version, asyncio.Task[_Opened]] = {}
        self._holders: Counter[_Version] = Counter()
        self._newest: dict[UUID, _Version] = {}
        self._changed = asyncio.Event()
        self._past: tuple[ProviderHealth, ...] = ()
        """Of what was closed."""

    async def __aenter__(self) -> Self:
        """Nothing is opened before it is needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close them, whoever holds them."""
        for version in list(self._opened):
            await self._close(version)

    @property
    def can_open(self) -> bool:
        """Whether there will ever be one."""
        return self._stages.house is not None

    @asynccontextmanager
    async def hold(self, tenant_id: UUID, config: ProvidersConfig) -> AsyncIterator[Equipment | None]:
        """What the tenant's conversations are held with now; None: what the server's own are.

        Raises ApiError 503 if its keys cannot be opened, StorageUnavailable.
        """
        keys = await self._keys_of(tenant_id)
        house = self._stages.house
        if house is None or is_servers(config, keys.providers):
            self._replaced(tenant_id, None)
            yield None
            return
        version = (tenant_id, keys, config)
        self._replaced(tenant_id, version)
        # Before it is open, lest it be closed in between.
        self._holders[version] += 1
        try:
            opened = await self._open(version, house)
            try:
                yield opened.equipment
            finally:
                opened.used_at = asyncio.get_running_loop().time()
        finally:
            self._holders[version] -= 1
            if not self._holders[version]:
                del self._holders[version]
            self._changed.set()

    async def leaves_to_server(self, tenant_id: UUID, config: ProvidersConfig) -> bool:
        """Whether the tenant has nothing of its own. Raises as `hold`."""
        return self._stages.house is None or is_servers(config, (await self._keys_of(tenant_id)).providers)

    async def describe(self, tenant_id: UUID, config: ProvidersConfig) -> Mapping[Stage, Described]:
        """Who is asked, and how that went in this process. Raises as `hold`."""
        keys = await self._keys_of(tenant_id)
        house = self._stages.house
        orders: Mapping[Stage, tuple[str, ...]] = {} if house is None else house.orders
        opened = dict(self._ready()).get((tenant_id, keys, config))
        accounts = () if opened is None else opened.accounts
        return {
            stage: Described(
                order_of(stage, config, keys.providers, orders.get(stage, ())),
                {each.provider: each for each in reversed(accounts) if each.stage == stage},
            )
            for stage in STAGES
        }

    def health(self) -> tuple[ProviderHealth, ...]:
        """How providers did on tenants' accounts, all tenants together, since the server started."""
        return together([*self._past, *(each for _, opened in self._ready() for each in opened.catalog.health())])

    async def keep(self) -> None:
        """Keep the connections of those in use open, and close the others; runs for ever."""
        loop = asyncio.get_running_loop()
        warm_at = loop.time() + KEEP_WARM_SECONDS
        while True:
            try:
                async with asyncio.timeout_at(warm_at):
                    await self._changed.wait()
            except TimeoutError:
                warm_at = loop.time() + KEEP_WARM_SECONDS
                await self._warm_up()
            self._changed.clear()
            await self.close_unused()

    async def close_unused(self) -> None:
        """Close what was replaced, what nobody has used for long, and what is too much."""
        now = asyncio.get_running_loop().time()
        free = sorted(
            ((opened.used_at, version) for version, opened in self._ready() if version not in self._holders),
            key=lambda each: each[0],
            reverse=True,
        )
        for number, (used_at, version) in enumerate(free):
            is_replaced = self._newest.get(version[0]) != version
            if is_replaced or number >= MAX_OPEN or now - used_at >= IDLE_SECONDS:
                await self._close(version)

    def _ready(self) -> list[tuple[_Version, _Opened]]:
        return [
            (version, task.result())
            for version, task in self._opened.items()
            if task.done() and not task.cancelled() and task.exception() is None
        ]

    async def _warm_up(self) -> None:
        for version, opened in self._ready():
            if version in self._holders:
                await opened.catalog.warm_up()

    def _replaced(self, tenant_id: UUID, version: _Version | None) -> None:
        if self._newest.get(tenant_id) == version:
            return
        if version is None:
            del self._newest[tenant_id]
        else:
            self._newest[tenant_id] = version
        self._changed.set()

    async def _open(self, version: _Version, house: House) -> _Opened:
        task = self._opened.get(version)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._opened[version] = asyncio.create_task(self._assemble(version, house))
        # Whoever came first may leave again: others wait for the same.
        return await asyncio.shield(task)

    async def _close(self, version: _Version) -> None:
        task = self._opened.pop(version, None)
        if task is None:
            return
        if not task.done():
            await asyncio.wait([task])
        if self._newest.get(version[0]) == version:
            del self._newest[version[0]]
        if not task.cancelled() and task.exception() is None:
            opened = task.result()
            self._past = together([*self._past, *opened.catalog.health()])
            await opened.resources.aclose()

    async def _assemble(self, version: _Version, house: House) -> _Opened:
        tenant_id, keys, config = version
        async with AsyncExitStack() as resources:
            own = await resources.enter_async_context(house.catalog.of_account(keys.openai, keys.elevenlabs))
            assembly = _Assembly(house, own, keys, config)
            stages = await assembly.stages(self._assistants)
            # An apology says nothing of the tenant's: what is embedded may say it when its voice cannot.
            embedded = EMBEDDED in house.orders.get("TTS", ())
            any_voice = await house.catalog.text_to_speech([EMBEDDED]) if embedded else stages.text_to_speech
            phrasebook = Phrasebook(stages.own_voice, any_voice, {})
            await resources.enter_async_context(running("phrases of a tenant", phrasebook.prepare_guests))
            await resources.enter_async_context(running("connections of a tenant", own.warm_up))
            names = {"stt": stages.speech_to_text.name, "tts": stages.text_to_speech.name}
            _log.info("a tenant's own providers are ready", tenant=str(tenant_id), **names)
            return _Opened(Equipment(stages, phrasebook), assembly.accounts, own, resources.pop_all())


class _Assembly:
    """Puts the chains of one version together."""

    def __init__(self, house: House, own: Catalog, keys: OwnKeys, config: ProvidersConfig) -> None:
        self._house = house
        self._own = own
        self._keys = keys
        # Nobody is opened for a stage that this server's roles do not need, a tenant's own neither.
        self._orders = {
            stage: order_of(stage, config, keys.providers, house.orders[stage]) if stage in house.orders else Order(())
            for stage in STAGES
        }
        self.accounts: list[Account] = []

    async def stages(self, catalog: assistants.Catalog) -> Stages:
        """All three. Raises ProviderUnavailable."""
        hearing = [await self._hears(place) for place in self._orders["STT"].places]
        voices = [await self._speaks(place) for place in self._orders["TTS"].places]
        accounts: dict[str, Account] = {}
        own = self._own
        return Stages(
            speech_to_text=own.hearing(hearing) if hearing else NoSpeechToText(),
            text_to_speech=own.speaking(voices) if voices else NoTextToSpeech(),
            own_voice=own.speaking(voices[:1]) if voices else NoTextToSpeech(),
            language_models={each.name: await self._model(each, accounts) for each in catalog.all()},
            reader=await self._reader(),
            health=own.health,
        )

    async def _hears(self, place: Place) -> Candidate[SpeechToText]:
        if place.account == "server":
            return await self._house.catalog.hears(place.provider)
        found = await self._own.hears(place.provider)
        return replace(found, provider=OwnSpeechToText(found.provider, self._account("STT", place)))

    async def _speaks(self, place: Place) -> Candidate[TextToSpeech]:
        if place.account == "server":
            return await self._house.catalog.speaks(place.provider)
        found = await self._own.speaks(place.provider)
        return replace(found, provider=OwnTextToSpeech(found.provider, self._account("TTS", place)))

    async def _model(self, assistant: Assistant, accounts: dict[str, Account]) -> LanguageModel:
        """Of this assistant; all of them are on the same `accounts`."""
        candidates: list[Candidate[LanguageModel]] = []
        for place in self._orders["LLM"].places:
            catalog = self._house.catalog if place.account == "server" else self._own
            found = await catalog.thinks(place.provider, assistant.offline_model)
            if found is None:
                continue
            if place.account == "tenant":
                if place.provider not in accounts:
                    accounts[place.provider] = self._account("LLM", place)
                found = replace(found, provider=OwnLanguageModel(found.provider, accounts[place.provider]))
            candidates.append(found)
        return self._own.thinking(candidates) if candidates else NoLanguageModel()

    async def _reader(self) -> LanguageModel | None:
        for place in self._orders["LLM"].places:
            catalog = self._house.catalog if place.account == "server" else self._own
            if place.provider != EMBEDDED and (found := await catalog.thinks(place.provider, None)) is not None:
                own = place.account == "tenant"
                return OwnLanguageModel(found.provider, self._account("LLM", place)) if own else found.provider
        return None

    def _account(self, stage: Stage, place: Place) -> Account:
        account = Account(stage, place.provider, self._keys.key(place.provider))
        self.accounts.append(account)
        return account
