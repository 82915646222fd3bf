"""What a server says of itself when it starts: where to go, who hears, thinks and speaks, and what it keeps."""

from urllib.parse import urlsplit

from voice_server import __version__
from voice_server.about import SWITCH_NOTICE
from voice_server.settings import ServerSettings

_EMBEDDED = {
    "hears": "English with a small vocabulary",
    "thinks": "an assistant that computes science offline",
    "speaks": "a robotic voice",
}


def banner_lines(settings: ServerSettings, url: str) -> list[str]:
    """A few lines for the terminal."""
    stages = {
        "hears": (settings.stt, settings.openai_stt_model, settings.elevenlabs_stt_model),
        "thinks": (settings.llm, settings.openai_llm_model, ""),
        "speaks": (settings.tts, settings.openai_tts_model, settings.elevenlabs_tts_model),
    }
    lines = [f"voice-server {__version__} is ready: open {url}"]
    for verb, (names, openai, elevenlabs) in stages.items():
        models = {"openai": openai, "elevenlabs": elevenlabs, "embedded": _EMBEDDED[verb]}
        lines.append(f"  {verb:<8} " + ", then ".join(f"{name} ({models[name]})" for name in names))
    lines.append(f"  {'keeps':<8} {_kept(settings)}")
    keys = len(settings.api_keys)
    has = "the key" if keys == 1 else f"one of {keys} keys"
    admits = f"whoever has {has}" if keys else "this machine only, no key"
    lines.append(f"  {'admits':<8} {admits}; {settings.max_sessions} conversations at once")
    if "embedded" in (settings.stt[0], settings.llm[0], settings.tts[0]):
        lines.append(f"  {SWITCH_NOTICE}")
    lines.append(f"  The API is described at {url}/docs. Stop with Ctrl-C.")
    return lines


def _kept(settings: ServerSettings) -> str:
    """Where what is said, and who is known, goes; without what addresses hold besides."""
    if not settings.database_url:
        return f"conversations and accounts in {settings.data_dir}, until they are deleted"
    host = urlsplit(settings.database_url).hostname or "a PostgreSQL of this machine"
    return f"conversations and accounts in PostgreSQL at {host}, until they are deleted"
