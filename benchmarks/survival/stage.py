"""A deployment, the vendors behind it, and people who talk to it."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import aiohttp
from voice_client import VoiceClient

from benchmarks.emulators import openai
from benchmarks.emulators.clips import Clips
from benchmarks.emulators.profile import Profile
from benchmarks.emulators.server import Server
from benchmarks.recordings import Recording, questions
from benchmarks.survival.account import Account, account
from benchmarks.survival.address import OneAddress
from benchmarks.survival.recited import Recital
from benchmarks.survival.survivor import Phase, Survivor
from benchmarks.survival.tasks import Deployment, deployed

PROFILE = Profile(0.12, 0.15, 12.0, 0.075, 20.0)
"""As quick as good vendors, but the model writes only a little faster than one speaks: most cuts come while it does."""
KEPT_SECONDS = 5.0
"""Within which everything is in the history, after the conversation."""
LEAVE_SECONDS = 60.0
_SHORT = ("speed_of_light_slt", "carbon_rms", "molar_mass_slt", "miles_rms", "boiling_point_slt", "solve_rms")


@dataclass(slots=True)
class Hit:
    """One conversation whose task was killed."""

    at: float
    phase: Phase
    resumed: float | None
    """Seconds until it was there again."""
    audible: float | None
    """Seconds until the assistant was heard again; None where it had nothing to say."""


@dataclass(slots=True)
class Person:
    """Somebody who talks, and the address that they know."""

    survivor: Survivor
    address: OneAddress
    talk: "asyncio.Task[None]"

    def hit(self, at: float, phase: Phase) -> Hit:
        """What became of them after a kill at this moment."""
        resumed = self.survivor.resumed_after(at)
        if phase in ("quiet", "user speaks") or resumed is None:
            return Hit(at, phase, resumed, None)
        returned = at + resumed
        before = next((passed.connection for passed in reversed(self.address.passed) if passed.at <= at), 0)
        after = (
            passed.at
            for passed in self.address.passed
            if passed.fields is None and passed.at > at and passed.connection > before
        )
        done = next(
            (
                passed.at
                for passed in self.address.passed
                if passed.at > returned
                and passed.fields is not None
                and passed.fields["type"] == "response.done"
                and passed.fields["response"]["status"] == "completed"
            ),
            None,
        )
        first = next(after, None)
        # It may have had no more to say; what is heard then belongs to the next turn.
        return Hit(at, phase, resumed, None if first is None or (done is not None and done < first) else first - at)


@dataclass(slots=True)
class Stage:
    """Everything that one scenario needs."""

    deployment: Deployment
    environment: dict[str, str]
    people: list[Person] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether nobody talks any more."""
        return all(person.talk.done() for person in self.people)

    def held_by(self, task: int) -> list[Person]:
        """Who talks to this one."""
        return [person for person in self.people if person.address.holder == task and not person.talk.done()]

    async def leave(self) -> None:
        """Everybody says goodbye after the answer that they are waiting for."""
        for person in self.people:
            person.survivor.stops.set()
        await asyncio.wait([person.talk for person in self.people], timeout=LEAVE_SECONDS)

    async def account(self) -> Account:
        """What came of all conversations."""
        total = Account()
        async with aiohttp.ClientSession() as http:
            for person in self.people:
                total.add(await self._account(http, person))
        return total

    async def _account(self, http: aiohttp.ClientSession, person: Person) -> Account:
        deadline = time.monotonic() + KEPT_SECONDS
        asked = [asked.text for asked in person.survivor.asked]
        url = f"{person.address.url}/api/v1/conversations/{self._conversation(person)}"
        while True:
            async with http.get(url) as answer:
                kept = (await answer.json())["items"] if answer.status == 200 else []
            found = account(person.address.passed, kept, asked)
            if not found.lost or time.monotonic() > deadline:
                return found
            await asyncio.sleep(0.2)

    @staticmethod
    def _conversation(person: Person) -> str:
        told = (each.fields for each in person.address.passed if each.fields is not None)
        resumed = (fields["conversation_id"] for fields in told if fields["type"] == "voice.resumed")
        return next(resumed, person.survivor.session_id.replace("sess_", "conv_"))


@contextlib.asynccontextmanager
async def stage(
    conversations: int, seed: int, *, with_redis: bool = False, drain_seconds: int = 0
) -> AsyncIterator[Stage]:
    """Two tasks, and so many people who talk to them."""
    clips = questions()
    recordings: Sequence[Recording] = [clips[name] for name in _SHORT]
    scene = Recital(profile=PROFILE, seed=seed)
    scene.clips = _clips(recordings)
    async with contextlib.AsyncExitStack() as resources:
        vendor = await resources.enter_async_context(Server(openai.application(scene)))
        environment = {
            "OPENAI_BASE_URL": f"{vendor.url}/v1", "OPENAI_API_KEY": "sk-emulated", "ELEVENLABS_API_KEY": "",
            "STT": "openai", "LLM": "openai", "TTS": "openai", "MAX_SESSIONS": "1000", "GREETING": "",
            "MAX_EVENT_LOOP_LAG_MS": "60000", "DRAIN_SECONDS": str(drain_seconds),
        }  # fmt: skip
        deployment = await resources.enter_async_context(deployed(environment, with_redis=with_redis))
        made = Stage(deployment, environment)
        try:
            for number in range(conversations):
                address = await resources.enter_async_context(OneAddress(deployment.urls, number % 2).open())
                client = VoiceClient(address.url, greeting=False)
                survivor = Survivor(client, recordings, random.Random(f"{seed}/{number}"))
                made.people.append(Person(survivor, address, asyncio.create_task(survivor.talk())))
            yield made
        finally:
            for person in made.people:
                person.talk.cancel()
            await asyncio.gather(*(person.talk for person in made.people), return_exceptions=True)


def _clips(recordings: Sequence[Recording]) -> Clips:
    return Clips([recording.clip() for recording in recordings])
