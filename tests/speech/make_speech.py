"""Makes the speech in this folder with flite (Debian package `flite`): `python tests/speech/make_speech.py`.

Two synthetic voices, a woman's (slt) and a man's (rms); 16 kHz mono FLAC; 0.3 s of silence at the end, as a microphone
would hear it before the turn is over. `transcripts.json` says what is spoken.
"""

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import soundfile

FOLDER = Path(__file__).parent
SILENCE_SECONDS = 0.3

QUESTIONS = {
    "square_root": "what is the square root of one hundred and forty four",
    "miles": "convert five miles to kilometers",
    "molar_mass": "what is the molar mass of glucose",
    "derivative": "what is the derivative of x squared",
    "speed_of_light": "what is the speed of light",
    "boiling_point": "what is the boiling point of water",
    "integral": "what is the integral of three x squared",
    "kinetic_energy": "what is the kinetic energy of a two kilogram ball at ten meters per second",
    "percent": "how much is fifteen percent of two hundred and forty",
    "fahrenheit": "how many degrees fahrenheit is twenty five celsius",
    "carbon": "tell me about the element carbon",
    "solve": "solve two x plus three equals eleven",
}


def speak(text: str, voice: str) -> bytes:
    """WAV, 16 kHz mono."""
    command = ["flite", "-voice", voice, "-t", text, "-o", "/dev/stdout"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def main() -> None:
    transcripts = {}
    for name, text in QUESTIONS.items():
        for voice in ("slt", "rms"):
            samples, rate = soundfile.read(io.BytesIO(speak(text, voice)), dtype="int16")
            silence = np.zeros(int(SILENCE_SECONDS * rate), dtype=np.int16)
            file = f"{name}_{voice}.flac"
            soundfile.write(FOLDER / file, np.concatenate((samples, silence)), rate)
            transcripts[file] = text
    (FOLDER / "transcripts.json").write_text(json.dumps(transcripts, indent=2) + "\n")


if __name__ == "__main__":
    main()
