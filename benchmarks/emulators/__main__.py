"""`python -m benchmarks.emulators`: both vendors on this machine until interrupted."""

import argparse
import asyncio
from dataclasses import replace
from pathlib import Path

import orjson

from benchmarks.emulators import elevenlabs, openai
from benchmarks.emulators.faults import Fault, FaultKind, Faults
from benchmarks.emulators.profile import PROFILES
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.script import Line, Script, ScriptedCall
from benchmarks.emulators.server import Server
from benchmarks.machine import run


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.emulators", description=__doc__)
    parser.add_argument("--openai-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--elevenlabs-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--profile", choices=PROFILES, default="seed")
    parser.add_argument("--seed", type=int, default=0, help="of the jitter")
    parser.add_argument("--tails", action="store_true", help="draw each delay from a distribution with a long tail")
    parser.add_argument("--script", type=Path, help='JSON: {"transcripts": {SESSION: [TEXT]}, "replies": {…}}')
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=Fault.parse,
        metavar="KIND[:REQUEST[:SESSION[:TIMES]]]",
        help=f"KIND is one of {', '.join(FaultKind)}",
    )
    options = parser.parse_args()
    script = read_script(options.script) if options.script else Script()
    scene = Scene(
        script, replace(PROFILES[options.profile], tails=options.tails), Faults(*options.fault), seed=options.seed
    )
    try:
        run(serve(scene, options.openai_port, options.elevenlabs_port))
    except KeyboardInterrupt:
        print("stopped")


def read_script(path: Path) -> Script:
    """Read transcripts and replies; a reply is a text or `{"name": …, "arguments": {…}}`, a call of a function."""
    content = orjson.loads(path.read_bytes())
    replies = {session: [_line(line) for line in lines] for session, lines in content.get("replies", {}).items()}
    return Script(content.get("transcripts", {}), replies)


def _line(line: str | dict[str, object]) -> Line:
    if isinstance(line, str):
        return line
    return ScriptedCall(str(line["name"]), orjson.dumps(line["arguments"]).decode())


async def serve(scene: Scene, openai_port: int, elevenlabs_port: int) -> None:
    """Serve both vendors until cancelled."""
    async with (
        Server(openai.application(scene), openai_port) as first,
        Server(elevenlabs.application(scene), elevenlabs_port) as second,
    ):
        print(f"OPENAI_BASE_URL={first.url}/v1", f"ELEVENLABS_BASE_URL={second.url}", sep="\n", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
