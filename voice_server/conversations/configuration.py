"""The session object as JSON for the log, so that another task can go on with the session of a client."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pipeline.session_log import from_json, to_json
from voice_server.wire.session_config import SessionConfig

_SETTINGS = ("base", "settings")


def config_json(config: SessionConfig) -> dict[str, Any]:
    """All of it as JSON."""
    plain = {each.name: getattr(config, each.name) for each in fields(config) if each.name not in _SETTINGS}
    return {**plain, "carried": dict(config.carried), **{name: to_json(getattr(config, name)) for name in _SETTINGS}}


def config_of(plain: Mapping[str, Any]) -> SessionConfig:
    """What `config_json` was given. Raises LogUnreadable."""
    return SessionConfig(**{**plain, **{name: from_json(plain[name]) for name in _SETTINGS}})
