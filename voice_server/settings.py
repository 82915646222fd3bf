"""Settings: environment variables and `.env`, read once into one frozen value.

`ServerSettings` is the only table of them. Each field says how a value is read, what it means and whether it is a
secret; parsing, the lines that explain a wrong value, and the check of `docs/configuration.md` follow from it.
A variable that is empty counts as not set. The environment wins over `.env`.
"""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from email.utils import parseaddr
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from dotenv import dotenv_values

from pipeline.deadlines import LANGUAGE_MODEL
from pipeline.providers.catalog import PROVIDERS, Stage
from voice_server.server_roles import SERVER_ROLES, ServerRole

MIN_SECRET_CHARACTERS = 32
MAX_PHRASE_CHARACTERS = 500
"""Of what is spoken in advance and kept in memory: about half a minute."""


class SettingsError(Exception):
    """A setting is wrong. The message is one line: its name, what is wrong, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How one variable is read."""

    read: Callable[[str], object]
    """Takes what is written, stripped and not empty. Raises ValueError with what was expected."""
    description: str
    """As the documentation begins to say it."""
    default: str
    """As the documentation shows it."""


def _setting(
    default: object,
    read: Callable[[str], object],
    description: str,
    *,
    secret: bool = False,
    shown: str | None = None,
) -> Any:
    shown = shown if shown is not None else str(default)
    return field(default=default, repr=not secret, metadata={"setting": Setting(read, description, shown)})


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def _seconds(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not low <= seconds <= high:
            raise ValueError(f"a number of seconds from {low:g} to {high:g}")
        return seconds

    return read


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError("one of " + ", ".join(allowed))
        return text.lower()

    return read


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _host(text: str) -> str:
    if "/" in text or " " in text or text.count(":") == 1:
        raise ValueError("an address without scheme and port, such as 127.0.0.1 or 0.0.0.0")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address that begins with http:// or https://")
    return text.rstrip("/")


def _url_of(*schemes: str, example: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        parts = urlsplit(text)
        try:
            is_place = bool(parts.hostname or parts.path) and (parts.port is None or parts.port > 0)
        except ValueError:
            is_place = False
        if parts.scheme not in schemes or not is_place:
            raise ValueError(f"an address such as {example}")
        return text

    return read


def _roles(text: str) -> tuple[ServerRole, ...]:
    roles = _list(text)
    if not roles or not set(roles) <= set(SERVER_ROLES):
        raise ValueError("names out of " + ", ".join(SERVER_ROLES) + ", separated by commas")
    return cast("tuple[ServerRole, ...]", roles)


def _secrets(text: str) -> tuple[str, ...]:
    secrets = _list(text)
    if any(len(secret) < MIN_SECRET_CHARACTERS for secret in secrets):
        raise ValueError(
            f"secrets of at least {MIN_SECRET_CHARACTERS} characters, the newest first, with commas between"
        )
    return secrets


def _mail_address(text: str) -> str:
    if not parseaddr(text)[1].rpartition("@")[0] or not text.isprintable():
        raise ValueError("an address such as voice@example.com or Voice <voice@example.com>")
    return text


def _origins(text: str) -> tuple[str, ...]:
    origins = _list(text)
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
            raise ValueError("origins such as https://example.com, separated by commas")
    return tuple(origin.lower() for origin in origins)


def _keys(text: str) -> tuple[str, ...]:
    keys = _list(text)
    for key in keys:
        if key.startswith("ek_"):
            raise ValueError("keys that do not begin with ek_, which marks secrets that the server itself hands out")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("keys of printable ASCII characters without spaces, separated by commas")
    return keys


def _token(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("printable ASCII characters without spaces")
    return text


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("yes", "true", "1", "no", "false", "0"):
        raise ValueError("yes or no")
    return text.lower() in ("yes", "true", "1")


def _phrase(text: str) -> str:
    if len(text) > MAX_PHRASE_CHARACTERS:
        raise ValueError(f"at most {MAX_PHRASE_CHARACTERS} characters")
    return text


def _language(text: str) -> str:
    if len(text) != 2 or not text.isascii() or not text.isalpha():
        raise ValueError("a language by its two letters, such as en or it")
    return text.lower()


def _providers(stage: Stage) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        names = tuple(name.lower() for name in _list(text))
        if not names or len(set(names)) < len(names) or not set(names) <= set(PROVIDERS[stage]):
            raise ValueError("names out of " + ", ".join(PROVIDERS[stage]) + ", each once, separated by commas")
        return names

    return read


_PROVIDER_DEFAULT = "every provider whose key is set, then `embedded`"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Everything that can be chosen about a server."""

    host: str = _setting("127.0.0.1", _host, "Where to listen. Anything but loopback needs `API_KEYS`.")
    port: int = _setting(8080, _whole(0, 65535), "The port to listen on; 0 takes any that is free.")
    public_url: str = _setting(
        "", _url, "What links begin with, in mails and of objects.", shown="the server's own address"
    )
    roles: tuple[ServerRole, ...] = _setting(
        SERVER_ROLES, _roles, "What the server answers, where several kinds share the work.", shown="all"
    )
    api_keys: tuple[str, ...] = _setting(
        (),
        _keys,
        "Keys that clients must show, separated by commas. Empty: none is needed, on loopback.",
        secret=True,
        shown="",
    )
    allowed_origins: tuple[str, ...] = _setting(
        (), _origins, "Web origins besides the server's own whose pages may use it.", shown=""
    )
    trusted_proxies: int = _setting(
        0, _whole(0, 10), "How many proxies stand before the server, each of which adds to `X-Forwarded-For`."
    )
    cdn_secret: tuple[str, ...] = _setting(
        (),
        _secrets,
        "What a content delivery network before those proxies shows in `X-CDN-Secret`: then it is one more.",
        secret=True,
        shown="",
    )
    max_sessions: int = _setting(
        200, _whole(1, 100_000), "Conversations at once; one more is answered with 503 and `Retry-After`."
    )
    drain_seconds: int = _setting(
        0,
        _whole(0, 3600),
        "How long a server that stops waits until its clients went on at another; 0: they come back to this one.",
    )
    max_event_loop_lag_ms: int = _setting(
        50, _whole(1, 60_000), "Nobody is let in while the event loop has been later than this for 2 s."
    )
    max_upload_bytes: int = _setting(26_214_400, _whole(1024, 1 << 30), "The largest upload that is accepted.")
    max_upload_seconds: int = _setting(120, _whole(1, 7200), "The longest recording that is accepted.")
    stt: tuple[str, ...] = _setting((), _providers("STT"), "Speech to text", shown=_PROVIDER_DEFAULT)
    llm: tuple[str, ...] = _setting((), _providers("LLM"), "The language model", shown=_PROVIDER_DEFAULT)
    tts: tuple[str, ...] = _setting((), _providers("TTS"), "The voice", shown=_PROVIDER_DEFAULT)
    llm_deadline_seconds: float = _setting(
        LANGUAGE_MODEL.first_seconds,
        _seconds(0.5, 60.0),
        "How long a model may take to its first word before the next is asked; more for one on slow hardware.",
    )
    greeting: str = _setting("", _phrase, "What assistants say first when somebody connects; empty: nothing.")
    language: str | None = _setting(
        None, _language, "The language that is expected and spoken.", shown="the assistant's own"
    )
    openai_api_key: str = _setting("", str, "OpenAI's key; switches its three stages on.", secret=True)
    openai_base_url: str = _setting(
        "https://api.openai.com/v1", _url, "OpenAI, or any server with its API; such a server needs no key."
    )
    openai_stt_model: str = _setting(
        "gpt-transcribe", str, "The model that transcribes; `gpt-live-transcribe` does it while one speaks."
    )
    openai_llm_model: str = _setting("gpt-5.4-mini", str, "The model that answers.")
    openai_tts_model: str = _setting("gpt-4o-mini-tts", str, "The model that speaks.")
    openai_tts_voice: str = _setting("marin", str, "The voice, where the client asks for none that OpenAI has.")
    elevenlabs_api_key: str = _setting("", str, "ElevenLabs' key; switches its voice and recogniser on.", secret=True)
    elevenlabs_base_url: str = _setting("https://api.elevenlabs.io", _url, "ElevenLabs, or a stand-in.")
    elevenlabs_stt_model: str = _setting("scribe_v2_realtime", str, "The model that transcribes.")
    elevenlabs_tts_model: str = _setting("eleven_flash_v2_5", str, "The model that speaks.")
    elevenlabs_voice: str = _setting("21m00Tcm4TlvDq8ikWAM", str, "The id of the voice; the default one is Rachel.")
    data_dir: Path = _setting(  # noqa: RUF009 -- it gives a dataclass field
        Path(".voice-server"), Path, "The folder of what is kept, as far as it is not elsewhere by the settings below."
    )
    database_url: str = _setting(
        "",
        _url_of("postgresql", "postgres", example="postgresql://user:password@host/database"),
        "PostgreSQL; empty: an embedded one in the data folder.",
        secret=True,
    )
    database_user: str = _setting("", str, "The user, instead of the one in `DATABASE_URL`.")
    database_password: str = _setting("", str, "The password, instead of the one in `DATABASE_URL`.", secret=True)
    database_auth: Literal["password", "iam"] = _setting(
        "password", _one_of("password", "iam"), "How the user logs in: with a password, or with tokens of AWS IAM."
    )
    database_connections: int = _setting(5, _whole(2, 100), "The most connections to PostgreSQL at once.")
    redis_url: str = _setting(
        "",
        _url_of("redis", "rediss", "unix", example="redis://host:6379 or rediss://user:password@host:6379"),
        "Redis, which several servers of one database need; empty: none.",
        secret=True,
    )
    redis_password: str = _setting("", str, "The password, where `REDIS_URL` has none.", secret=True)
    object_store_url: str = _setting(
        "",
        _url_of("file", "s3", example="file:///data/objects or s3://bucket/prefix"),
        "Where recordings go; empty: into the data folder.",
    )
    secret_key: tuple[str, ...] = _setting(
        (),
        _secrets,
        "Secrets that tokens, links and what lies sealed in the database depend on. Needed with `DATABASE_URL`.",
        secret=True,
        shown="made once",
    )
    secret_key_before: tuple[str, ...] = _setting(
        (),
        _secrets,
        "Other secrets: what they sealed and signed is still taken, and nothing new is sealed or signed with them.",
        secret=True,
        shown="",
    )
    smtp_url: str = _setting(
        "",
        _url_of("smtp", "smtps", example="smtp://user:password@host:587 or smtps://user:password@host:465"),
        "The server that mails are sent by; empty: they are put into the data folder.",
        secret=True,
    )
    mail_from: str = _setting("voice-server@localhost", _mail_address, "The address that mails come from.")
    metrics_token: str = _setting("", _token, "A key for `GET /metrics` and nothing else.", secret=True, shown="")
    otel_exporter_otlp_endpoint: str = _setting(
        "", _url, "Where OpenTelemetry spans of every turn are sent, over OTLP/HTTP; empty: nowhere."
    )
    service_metrics_namespace: str = _setting(
        "", str, "Where CloudWatch puts the metrics that the log then has a line of each minute; empty: no such lines."
    )
    service_name: str = _setting("voice-server", str, "What those metrics call this kind of task.")
    session_log_dir: Path | None = _setting(  # noqa: RUF009 -- it gives a dataclass field
        None, Path, "For developers: where everything that is said is written to; empty: nowhere.", shown=""
    )
    session_log_audio: bool = _setting(
        default=False, read=_yes_or_no, description="Whether those logs hold the audio too.", shown="no"
    )
    log_level: str = _setting(
        "info", _one_of("debug", "info", "warning", "error"), "The least important lines that are logged."
    )
    log_format: Literal["auto", "console", "json"] = _setting(
        "auto", _one_of("auto", "console", "json"), "`auto`: for people in a terminal, JSON lines elsewhere."
    )

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False


def setting_of(name: str) -> Setting:
    """How the variable of this name, such as `PORT`, is read."""
    return cast("Setting", _FIELDS[name].metadata["setting"])


_FIELDS: Mapping[str, Field[object]] = {each.name.upper(): each for each in fields(ServerSettings)}
NAMES = tuple(_FIELDS)
SECRETS = frozenset(name for name, each in _FIELDS.items() if not each.repr)


def read_settings(
    environment: Mapping[str, str] | None = None, dotenv: Path | None = None, *, listens: bool = True
) -> ServerSettings:
    """Read the environment over `.env` of the working directory. Raises SettingsError at the first wrong value.

    `listens`: whether somebody will be let in at HOST, which beyond loopback takes API_KEYS.
    """
    written = _read_dotenv(dotenv or Path(".env"))
    written.update({name: text for name, text in (environment or os.environ).items() if name in _FIELDS})
    values = {
        name.lower(): _read(name, text.strip()) for name, text in written.items() if name in _FIELDS and text.strip()
    }
    settings = _with_providers(values)
    if listens and not settings.is_loopback and not settings.api_keys:
        raise SettingsError(
            f"HOST: {settings.host} can be reached from other machines, and API_KEYS is empty; "
            "set API_KEYS to one or more keys, or HOST to 127.0.0.1"
        )
    if settings.otel_exporter_otlp_endpoint and not _can_trace():
        raise SettingsError(
            "OTEL_EXPORTER_OTLP_ENDPOINT: OpenTelemetry is not installed; pip install 'voice-server[telemetry]', "
            "or leave it empty"
        )
    return settings


def _can_trace() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def _read_dotenv(path: Path) -> dict[str, str]:
    try:
        return {name: text for name, text in dotenv_values(path).items() if text is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error}); make it a readable text file or remove it") from error


def _read(name: str, text: str) -> object:
    try:
        return setting_of(name).read(text)
    except ValueError as error:
        what = "its value" if name in SECRETS else repr(text)
        raise SettingsError(f"{name}: {what} will not do; write {error}") from error


def _with_providers(values: dict[str, object]) -> ServerSettings:
    """Choose the providers that were not chosen, and refuse those that lack their key."""
    ready = {
        "openai": "openai_api_key" in values or "openai_base_url" in values,
        "elevenlabs": "elevenlabs_api_key" in values,
        "embedded": True,
    }
    for stage, known in PROVIDERS.items():
        named = cast("tuple[str, ...]", values.get(stage.lower(), ()))
        for name in named:
            if not ready[name]:
                raise SettingsError(f"{stage}: {name} needs its key; set {name.upper()}_API_KEY or take {name} out")
        values[stage.lower()] = named or tuple(name for name in known if ready[name])
    return ServerSettings(**cast("Any", values))
