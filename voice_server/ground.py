"""What all parts of the server stand on, opened once."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from voice_server.access.api_keys import ApiKeys
from voice_server.access.client_secrets import StoredClientSecrets
from voice_server.accounts.passwords import PasswordHashes
from voice_server.accounts.service import AccountService
from voice_server.assistants.catalog import Catalog
from voice_server.auth import Authenticator
from voice_server.conversations.archive import Archive
from voice_server.conversations.log import ConversationLog
from voice_server.conversations.spool import Spool
from voice_server.http.admission import Admission
from voice_server.http.uploads import Uploads
from voice_server.metrics import Metrics
from voice_server.parts import opened_accounts
from voice_server.provider_metrics import provider_metrics
from voice_server.settings import ServerSettings
from voice_server.stages import Stages
from voice_server.storage.opened import Storage
from voice_server.telemetry import Telemetry
from voice_server.tenants.chains import Chains
from voice_server.tenants.configs import TenantConfigs
from voice_server.tenants.provider_keys import ProviderKeys
from voice_server.tenants.quotas import SessionQuotas
from voice_server.tenants.secrets import TenantSecrets


@dataclass(frozen=True, slots=True)
class Ground:
    """All of it."""

    settings: ServerSettings
    assistants: Catalog
    stages: Stages
    storage: Storage
    public_url: str
    """Where browsers reach the server."""
    accounts: AccountService
    api_keys: ApiKeys
    client_secrets: StoredClientSecrets
    authenticator: Authenticator
    configs: TenantConfigs
    chains: Chains
    quotas: SessionQuotas
    admission: Admission
    metrics: Metrics
    telemetry: Telemetry
    uploads: Uploads
    archive: Archive
    log: ConversationLog


async def open_ground(
    settings: ServerSettings,
    assistants: Catalog,
    stages: Stages,
    storage: Storage,
    public_url: str,
    hashes: PasswordHashes | None,
    resources: AsyncExitStack,
) -> Ground:
    """It is closed with `resources`. Raises OSError if a folder cannot be written to."""
    configs = TenantConfigs(storage.database)
    accounts = await resources.enter_async_context(opened_accounts(settings, storage, configs, public_url, hashes))
    provider_keys = ProviderKeys(TenantSecrets(storage.database, storage.sealed).open)
    api_keys, secrets = ApiKeys(storage.database), StoredClientSecrets(storage.database)
    admission = Admission(settings.max_sessions, settings.max_event_loop_lag_ms / 1000)
    metrics = Metrics([assistant.name for assistant in assistants.all()], admission)
    chains = await resources.enter_async_context(Chains(stages, assistants, provider_keys.of))
    metrics.add(lambda: provider_metrics(stages.health(), chains.health()))
    archive = Archive(storage.database)
    log = ConversationLog(archive, Spool(storage.folder / "spool"), storage.live_log)
    return Ground(
        settings=settings,
        assistants=assistants,
        stages=stages,
        storage=storage,
        public_url=public_url,
        accounts=accounts,
        api_keys=api_keys,
        client_secrets=secrets,
        authenticator=Authenticator(settings.api_keys, credentials=(api_keys, accounts.tokens), client_secrets=secrets),
        configs=configs,
        chains=chains,
        quotas=SessionQuotas(storage.database),
        admission=admission,
        metrics=metrics,
        telemetry=await resources.enter_async_context(Telemetry(settings, stages, metrics, admission)),
        uploads=Uploads(settings.max_upload_bytes, settings.max_upload_seconds),
        archive=archive,
        log=await resources.enter_async_context(log),
    )
