"""Everything about privacy, put together: what the server builds once, and what it then asks."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from voice_server.accounts.ended_access import EndedAccess
from voice_server.accounts.signing_keys import SigningKeys
from voice_server.conversations.archive import Archive
from voice_server.conversations.recovery import Recovery
from voice_server.privacy.consent_routes import ConsentRoutes
from voice_server.privacy.consents import Consents
from voice_server.privacy.doors import Doors
from voice_server.privacy.erasure import LATE_SECONDS, Erasure
from voice_server.privacy.export import Export
from voice_server.privacy.job_routes import JobRoutes
from voice_server.privacy.jobs import Jobs
from voice_server.privacy.persons import Persons
from voice_server.privacy.postgres_traces import PostgresTraces
from voice_server.privacy.receipts import Receipts
from voice_server.privacy.retention import Retention
from voice_server.privacy.subject import Subjects
from voice_server.privacy.traces import (
    End,
    LeaseTraces,
    LiveEndings,
    LiveLogTraces,
    ObjectTraces,
    RateLimitTraces,
    Traces,
    account_rate_keys,
)
from voice_server.privacy.worker import Worker
from voice_server.storage.objects.interfaces import Objects
from voice_server.storage.postgres.database import Database
from voice_server.storage.shared.interfaces import Shared


@dataclass(frozen=True, slots=True)
class PrivacyService:
    """What the rest of the server needs of privacy."""

    consents: Consents
    """Asked before anything of a person is kept or used."""
    worker: Worker
    routes: list[web.RouteDef]
    """For everybody."""
    protected_routes: list[web.RouteDef]
    """For those who show a key."""
    background: Mapping[str, Callable[[], Coroutine[None, None, None]]]
    """What is to run as long as the server does, by name."""


def build_privacy(
    database: Database,
    shared: Shared,
    objects: Objects,
    keys: SigningKeys,
    ended: EndedAccess,
    secret: bytes,
    *,
    public_url: str,
    end_live: End,
    more_traces: Sequence[Traces] = (),
    late_seconds: float = LATE_SECONDS,
) -> PrivacyService:
    """Privacy of a server that people reach at `public_url`.

    `secret`: the server's own. `end_live` ends those of the given conversations that are held by this task.
    `more_traces`: of the stores that only the composition root knows of: files, and what other packages keep.
    """
    subjects, jobs, doors = Subjects(database), Jobs(database), Doors(database, ended)
    receipts, endings = Receipts(database, keys, public_url), LiveEndings(shared.announcements, end_live)
    traces: list[Traces] = [
        LiveLogTraces(shared.live_log),
        LeaseTraces(shared.leases),
        RateLimitTraces(shared.rate_limits, account_rate_keys),
        *more_traces,
        ObjectTraces(objects),
        PostgresTraces(subjects, secret),
    ]
    erasure = Erasure(subjects, jobs, doors, receipts, traces, endings.end, secret, late_seconds=late_seconds)
    logs = Recovery(Archive(database), shared.live_log)
    worker = Worker(jobs, Export(database, jobs, objects, logs), erasure)
    consents, retention = Consents(database), Retention(database, objects, shared.leases)
    job_routes = JobRoutes(jobs, Persons(database), doors, receipts, objects, worker)
    return PrivacyService(
        consents,
        worker,
        job_routes.public_routes(),
        [*ConsentRoutes(database, consents).routes(), *job_routes.routes()],
        {"exports and erasures": worker.run, "live endings": endings.run, "retention": retention.run},
    )
