"""The parts of the server beside its conversations: each put together by one function."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from aiohttp import web
from prometheus_client.core import Metric

from voice_server.access.api_keys import ApiKeys
from voice_server.access.client_secrets import StoredClientSecrets
from voice_server.accounts.invitations import Invitations
from voice_server.accounts.passwords import PasswordHashes
from voice_server.accounts.service import AccountService, open_accounts
from voice_server.accounts.store import Registration
from voice_server.assistants.catalog import Catalog
from voice_server.auth import Authenticator, Principal
from voice_server.conversations.answers import ObjectRecordings
from voice_server.conversations.history import History
from voice_server.conversations.history_routes import HistoryRoutes
from voice_server.conversations.log import ConversationLog
from voice_server.customers.customer_routes import CustomerRoutes
from voice_server.customers.customers import Customers
from voice_server.http.client_address import ClientAddresses
from voice_server.http.errors import ApiError
from voice_server.mail.outbox import Outbox
from voice_server.mail.post import FolderPost, SmtpAddress, SmtpPost
from voice_server.memory.memories import Memories
from voice_server.memory.memory_routes import MemoryRoutes
from voice_server.memory.remembering import MayRemember, ModelOf, Remembering
from voice_server.openai_api.client_secrets import ClientSecrets, FindAssistant
from voice_server.privacy.file_traces import SessionLogTraces, SpoolTraces
from voice_server.privacy.service import PrivacyService, build_privacy
from voice_server.privacy.subject import Subjects
from voice_server.privacy.traces import End, Traces
from voice_server.server_roles import ServerRole
from voice_server.settings import ServerSettings
from voice_server.storage.objects.links import LinkedObjects
from voice_server.storage.opened import Storage
from voice_server.tenants.chains import Chains
from voice_server.tenants.configs import TenantConfigs
from voice_server.tenants.key_routes import KeyRoutes
from voice_server.tenants.member_routes import MemberRoutes
from voice_server.tenants.members import MemberRole, Members
from voice_server.tenants.provider_routes import ProviderRoutes
from voice_server.tenants.quotas import SessionQuotas
from voice_server.tenants.secrets import TenantSecrets
from voice_server.tenants.tenant_routes import TenantRoutes
from voice_server.tenants.tenants import Tenants

Work = Callable[[], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Part:
    """What one of them adds to the server."""

    routes: Sequence[web.AbstractRouteDef] = ()
    work: Mapping[str, Work] = field(default_factory=dict)
    """What goes on behind the requests as long as the server runs, by name."""
    metrics: Sequence[Callable[[], Iterable[Metric]]] = ()
    worked_by: ServerRole | None = None
    """Which role the work needs; None: any will do."""


@asynccontextmanager
async def opened_accounts(
    settings: ServerSettings, storage: Storage, configs: TenantConfigs, public_url: str, hashes: PasswordHashes | None
) -> AsyncIterator[AccountService]:
    """Accounts, whose tokens are one kind of credentials. `hashes`: None for the usual ones."""
    post = SmtpPost(SmtpAddress.parse(settings.smtp_url)) if settings.smtp_url else FolderPost(storage.folder / "mail")

    async def registration_of(tenant_id: UUID) -> Registration:
        try:
            _, config = await configs.current(tenant_id)
        except ApiError:
            return "closed"
        return config.registration

    async with open_accounts(
        storage.database,
        storage.shared.rate_limits,
        Outbox(storage.database, storage.sealed, post, settings.mail_from),
        storage.sealed,
        storage.secrets,
        public_url=public_url,
        registration_of=registration_of,
        hashes=hashes,
        addresses=ClientAddresses(settings.trusted_proxies, settings.cdn_secret),
    ) as accounts:
        yield accounts


def accounts_part(accounts: AccountService, authenticator: Authenticator) -> Part:
    """People register, log in and see to their profile."""
    return Part([*accounts.routes, *authenticator.protect(accounts.protected_routes)], accounts.background)


def tenants_part(
    storage: Storage,
    authenticator: Authenticator,
    api_keys: ApiKeys,
    assistants: Catalog,
    quotas: SessionQuotas,
    configs: TenantConfigs,
    chains: Chains,
    invitations: Invitations,
) -> Part:
    """Operators and admins decide for tenants."""

    async def invite(
        principal: Principal, tenant_id: UUID, email: str, role: MemberRole, request_id: str
    ) -> UUID | None:
        _, config = await configs.current(tenant_id)
        if config.registration != "invited":
            return None
        return await invitations.invite(principal, tenant_id, email, role, request_id)

    tenants = Tenants(storage.database)
    functions = {each.name: [tool.definition.name for tool in each.tools] for each in assistants.all()}
    routes = (
        *TenantRoutes(tenants, functions, assistants.default.name).routes(),
        *KeyRoutes(tenants, api_keys, TenantSecrets(storage.database, storage.sealed)).routes(),
        *MemberRoutes(tenants, Members(storage.database), storage.shared.rate_limits, invite).routes(),
        *ProviderRoutes(tenants, configs, chains).routes(),
    )
    work = {"quotas": quotas.keep, **({"tenants' providers": chains.keep} if chains.can_open else {})}
    return Part(authenticator.protect(routes), work)


def client_secrets_part(
    secrets: StoredClientSecrets, authenticator: Authenticator, find_assistant: FindAssistant
) -> Part:
    """Keys for browsers."""
    routes = ClientSecrets(secrets, find_assistant).routes()
    return Part(authenticator.protect(routes, "sessions"), {"client secrets": secrets.sweep})


def history_of(storage: Storage) -> History:
    """What was said, in all the places where it is."""

    async def forget(conversation_id: str, keys: Sequence[str]) -> None:
        await storage.shared.live_log.delete(conversation_id)
        await storage.objects.delete(keys)

    return History(storage.database, forget)


def history_part(history: History, authenticator: Authenticator, log: ConversationLog) -> Part:
    """What was said can be read and deleted; what killed processes left is kept."""
    routes = HistoryRoutes(history).routes()
    return Part(authenticator.protect(routes), {"logs of conversations": log.tidy}, [log.metrics])


def objects_part(storage: Storage, recordings: ObjectRecordings) -> Part:
    """Recorded answers, at addresses that expire."""
    return Part(LinkedObjects(storage.links, storage.objects).routes(), {"old answers": recordings.sweep})


def customers_part(
    storage: Storage,
    authenticator: Authenticator,
    customers: Customers,
    memories: Memories,
    may_remember: MayRemember,
    model_of: ModelOf,
) -> Part:
    """Who speaks, and what is remembered of them."""
    routes = (
        *CustomerRoutes(customers).routes(),
        *MemoryRoutes(storage.database, customers, memories).routes(),
    )
    remembering = Remembering(storage.database, may_remember, model_of)
    return Part(authenticator.protect(routes), {"remembering": remembering.run}, worked_by="analytics")


def built_privacy(
    settings: ServerSettings, storage: Storage, accounts: AccountService, public_url: str, end_live: End
) -> PrivacyService:
    """Privacy over all that this server keeps, its files included."""
    traces: list[Traces] = [SpoolTraces(storage.folder / "spool")]
    if settings.session_log_dir is not None:
        traces.append(SessionLogTraces(settings.session_log_dir))
    return build_privacy(
        storage.database,
        storage.shared,
        storage.objects,
        accounts.keys,
        accounts.ended,
        storage.secrets[0],
        public_url=public_url,
        end_live=end_live,
        more_traces=traces,
    )


def privacy_part(
    settings: ServerSettings, storage: Storage, privacy: PrivacyService, authenticator: Authenticator
) -> Part:
    """People see, take and erase what is kept of them."""
    work = dict(privacy.background)
    if settings.session_log_dir is not None:
        traces = SessionLogTraces(settings.session_log_dir)
        work["session logs of erased conversations"] = partial(traces.run, Subjects(storage.database))
    return Part([*privacy.routes, *authenticator.protect(privacy.protected_routes)], work)
