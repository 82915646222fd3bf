"""Settings: what is read, what is refused and how, and that the documentation tells all of it."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from voice_server.settings import NAMES, ServerSettings, SettingsError, read_settings, setting_of

NO_DOTENV = Path("/nonexistent/.env")
CONFIGURATION = Path(__file__).parents[2] / "docs" / "configuration.md"


def read(**environment: str) -> ServerSettings:
    return read_settings({"IRRELEVANT": "1", **environment}, NO_DOTENV)


def test_nothing_has_to_be_set() -> None:
    settings = read()
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8080, Path(".voice-server"))
    assert settings.stt == settings.llm == settings.tts == ("embedded",)


def test_a_key_switches_its_provider_on_and_keeps_the_embedded_one_behind_it() -> None:
    settings = read(OPENAI_API_KEY="sk-1", ELEVENLABS_API_KEY="el-1")
    assert settings.stt == ("openai", "elevenlabs", "embedded")
    assert settings.llm == ("openai", "embedded")
    assert settings.tts == ("elevenlabs", "openai", "embedded")


def test_a_server_with_openais_api_needs_no_key() -> None:
    assert read(OPENAI_BASE_URL="http://127.0.0.1:8000/v1/", LLM="openai").openai_base_url == "http://127.0.0.1:8000/v1"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read(PORT=" ", OPENAI_API_KEY="") == read()


def test_the_environment_wins_over_dotenv(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text('PORT=9000\nLANGUAGE="it"\n# a comment\nUNKNOWN=1\n')
    settings = read_settings({"PORT": "9001"}, dotenv)
    assert (settings.port, settings.language) == (9001, "it")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "http", "a whole number from 0 to 65535"),
        ("PORT", "70000", "a whole number from 0 to 65535"),
        ("PORT", "-1", "a whole number from 0 to 65535"),
        ("HOST", "http://127.0.0.1", "without scheme"),
        ("HOST", "127.0.0.1:8080", "without scheme and port"),
        ("STT", "whisper", "openai, elevenlabs, embedded"),
        ("LLM", "elevenlabs", "openai, embedded"),
        ("TTS", "embedded,embedded", "each once"),
        ("TTS", ",", "elevenlabs, openai, embedded"),
        ("STT", "openai", "set OPENAI_API_KEY"),
        ("TTS", "elevenlabs", "set ELEVENLABS_API_KEY"),
        ("OPENAI_BASE_URL", "localhost:8000", "http:// or https://"),
        ("ALLOWED_ORIGINS", "example.com", "https://example.com"),
        ("ALLOWED_ORIGINS", "https://example.com/page", "https://example.com"),
        ("LANGUAGE", "english", "two letters"),
        ("LOG_LEVEL", "verbose", "debug, info, warning, error"),
        ("MAX_SESSIONS", "0", "a whole number from 1"),
        ("API_KEYS", "ek_mine", "do not begin with ek_"),
        ("API_KEYS", "two words", "without spaces"),
        ("HOST", "0.0.0.0", "set API_KEYS"),
        ("DATABASE_URL", "localhost:5432", "such as postgresql://user:password@host/database"),
        ("DATABASE_URL", "postgresql://host:port/database", "such as postgresql://user:password@host/database"),
        ("ROLES", "voice,cook", "api, auth, users, voice, analytics"),
        ("DATABASE_AUTH", "kerberos", "password, iam"),
        ("REDIS_URL", "http://localhost", "such as redis://"),
        ("OBJECT_STORE_URL", "gs://bucket", "s3://bucket/prefix"),
        ("SECRET_KEY", "short", "at least 32 characters"),
        ("SECRET_KEY", f"{'x' * 32},short", "at least 32 characters"),
        ("SECRET_KEY_BEFORE", "short", "at least 32 characters"),
        ("DATABASE_CONNECTIONS", "1", "a whole number from 2 to 100"),
        ("PUBLIC_URL", "voice.example.com", "http:// or https://"),
        ("SMTP_URL", "mail.example.com", "such as smtp://user:password@host:587"),
        ("MAIL_FROM", "nobody", "such as voice@example.com"),
        ("LLM_DEADLINE_SECONDS", "0", "a number of seconds from 0.5 to 60"),
        ("LLM_DEADLINE_SECONDS", "nan", "a number of seconds from 0.5 to 60"),
        ("LLM_DEADLINE_SECONDS", "long", "a number of seconds from 0.5 to 60"),
    ],
)
def test_a_wrong_value_is_answered_with_one_line_that_says_what_to_write(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read(**{name: value})
    line = str(refusal.value)
    assert line.startswith(f"{name}: ")
    assert expected in line
    assert "\n" not in line


def test_secrets_are_never_shown() -> None:
    secret = "sk-very-secret"
    settings = read(API_KEYS=secret, OPENAI_API_KEY=secret, ELEVENLABS_API_KEY=secret)
    assert secret not in repr(settings)
    with pytest.raises(SettingsError) as refusal:
        read(API_KEYS=f"ek_{secret}")
    assert secret not in str(refusal.value)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SMTP_URL"])
def test_addresses_with_passwords_are_never_shown(name: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read(**{name: "nothing://user:very-secret@host"})
    assert "very-secret" not in str(refusal.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_needs_no_key(host: str) -> None:
    assert read(HOST=host).is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "voice.example.com"])
def test_everything_else_does(host: str) -> None:
    with pytest.raises(SettingsError, match="API_KEYS"):
        read(HOST=host)
    assert not read(HOST=host, API_KEYS="k").is_loopback


def test_an_unreadable_dotenv_is_an_error(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"\xff\xfe\x00PORT")
    with pytest.raises(SettingsError, match=r"\.env"):
        read_settings({"PORT": "1"}, dotenv)


def test_the_documentation_has_every_setting_with_its_default_and_no_other() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|(.*?)\| (.+) \|$", CONFIGURATION.read_text(), re.MULTILINE)
    documented = {name: default.replace("`", "").strip() for name, default, _ in rows}
    assert documented == {name: setting_of(name).default.replace("`", "") for name in NAMES}
    assert len(rows) == len(documented)
    for name, _, description in rows:
        assert description.startswith(setting_of(name).description.rstrip(".")), name


def test_every_setting_is_in_the_table() -> None:
    assert {each.name.upper() for each in fields(ServerSettings)} == set(NAMES)
