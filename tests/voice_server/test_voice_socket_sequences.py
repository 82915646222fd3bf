"""Every sequence that clients rely on, over a real socket. The order of all messages is checked at the end of each."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pipeline.errors import ProviderUnavailable
from pipeline.providers.interfaces import ToolCall
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.settings import SessionSettings
from pipeline.vad import ConfirmedVoiceActivity
from tests.voice_server.wire.served import INSTRUCTIONS, MANUAL, Talk, served
from voice_server.wire.audio import AUDIO_FORMATS, AudioFormat, OutputAudio

SPEECH = Path(__file__).parents[1] / "speech"
TRANSCRIBING = {"input": {"transcription": {"model": "whisper-1"}}}
CALL = ToolCall("call_1", "get_weather", '{"city": "Ulm"}')
WEATHER = {"type": "function", "name": "get_weather", "description": "", "parameters": {"type": "object"}}
SLOW_VOICE = ScriptedTextToSpeech(seconds_per_character=0.5)
"""Goes on until it is stopped: no more than a second of it is sent ahead."""

ANSWER = [
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
]
END_OF_SPEECH = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
]


async def start_long_reply(talk: Talk) -> tuple[str, str]:
    """Have a reply begin that does not end by itself; give its id and that of its item."""
    await talk.type_text("Tell me everything.")
    await talk.send("response.create")
    delta = await talk.until("response.output_audio.delta")
    return delta["response_id"], delta["item_id"]


async def test_voice_turn() -> None:
    async with served() as server, server.talk() as talk:
        await talk.update(audio=TRANSCRIBING)
        await talk.be_silent(0.5)
        await talk.speak(0.6)
        await talk.be_silent()
        await talk.until("response.done")
        started = next(m for m in talk.messages if m["type"] == "input_audio_buffer.speech_started")
        stopped = next(m for m in talk.messages if m["type"] == "input_audio_buffer.speech_stopped")
        # 500 ms of silence, less the prefix padding of 300 ms; half a frame for the resampler.
        assert started["audio_start_ms"] == pytest.approx(200, abs=40)
        assert stopped["audio_end_ms"] == pytest.approx(1600, abs=60)
        kinds = [kind for kind in talk.types("input_audio_buffer.speech_started") if "transcription" not in kind]
        assert kinds[:6] == [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
        ]
        assert kinds[6:9] == ANSWER
        assert kinds[-6:] == END_OF_SPEECH
        completed = next(m for m in talk.messages if m["type"].endswith("transcription.completed"))
        assert completed["transcript"] == "what time is it"
        assert completed["item_id"] == started["item_id"]
        done = talk.messages[-1]["response"]
        assert done["status"] == "completed"
        assert done["output"][0]["content"] == [{"type": "output_audio", "transcript": "It is late. Good night."}]
        assert done["usage"]["output_tokens"] == 5
        assert len(talk.audio(done["output"][0]["id"])) > 0
        await talk.send("conversation.item.retrieve", item_id=started["item_id"])
        shown = (await talk.until("conversation.item.retrieved"))["item"]["content"][0]
        assert shown["transcript"] == "what time is it"
        assert shown["audio"]


@pytest.mark.parametrize("kind", AUDIO_FORMATS)
async def test_a_voice_is_heard_by_the_real_detector(kind: AudioFormat) -> None:
    samples, rate = soundfile.read(SPEECH / "carbon_slt.flac", dtype="int16")
    seconds = len(samples) / rate
    pause = np.zeros(rate, np.int16)
    encoding = OutputAudio(kind, rate)
    recogniser = ScriptedSpeechToText("what is carbon")
    async with served(recogniser=recogniser, voice_activity=ConfirmedVoiceActivity) as server, server.talk() as talk:
        await talk.update(audio={"input": {"format": {"type": kind}}})
        await talk.append(encoding.push(np.concatenate((pause, samples, pause))) + encoding.flush())
        await talk.until("response.done")
        assert talk.types().count("input_audio_buffer.speech_started") == 1
        assert 0.6 * seconds < recogniser.heard_seconds[0] < seconds + 1.0


async def test_without_transcription_its_events_are_not_sent() -> None:
    async with served() as server, server.talk() as talk:
        await talk.speak()
        await talk.be_silent()
        await talk.until("response.done")
        assert not [kind for kind in talk.types() if "transcription" in kind]


async def test_transcription_that_fails_is_told() -> None:
    failing = ScriptedSpeechToText(ProviderUnavailable("No line."))
    async with served(recogniser=failing) as server, server.talk() as talk:
        await talk.update(audio=TRANSCRIBING)
        await talk.speak()
        await talk.be_silent()
        failed = await talk.until("conversation.item.input_audio_transcription.failed")
        assert failed["error"]["message"] == "No line."
        await talk.until("response.done")


async def test_barge_in() -> None:
    async with served(voice=SLOW_VOICE) as server, server.talk() as talk:
        response_id, item_id = await start_long_reply(talk)
        await talk.be_silent(0.2)
        await talk.speak()
        await talk.until("input_audio_buffer.speech_started")
        done = (await talk.until("response.done"))["response"]
        assert (done["id"], done["status"]) == (response_id, "cancelled")
        assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        assert talk.types("input_audio_buffer.speech_started")[1:] == END_OF_SPEECH
        await talk.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=80)
        truncated = await talk.until("conversation.item.truncated")
        assert (truncated["item_id"], truncated["content_index"], truncated["audio_end_ms"]) == (item_id, 0, 80)
        await talk.be_silent()
        await talk.until("response.created")


async def test_truncation_after_the_reply_is_complete() -> None:
    async with served() as server, server.talk() as talk:
        done = (await talk.ask("How late is it?"))["response"]
        item_id = done["output"][0]["id"]
        sent_ms = len(talk.audio(item_id)) // 48
        for milliseconds in (sent_ms, 0):
            await talk.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=milliseconds)
            assert (await talk.until("conversation.item.truncated"))["audio_end_ms"] == milliseconds
        await talk.send("conversation.item.retrieve", item_id=item_id)
        shown = (await talk.until("conversation.item.retrieved"))["item"]
        assert shown["content"] == [{"type": "output_audio", "transcript": ""}]
        await talk.send(
            "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=sent_ms + 500, event_id="t"
        )
        error = await talk.error()
        assert (error["code"], error["event_id"]) == ("invalid_value", "t")


async def test_speech_that_may_not_interrupt() -> None:
    async with served(voice=ScriptedTextToSpeech(seconds_per_character=0.05)) as server, server.talk() as talk:
        await talk.update(audio={"input": {"turn_detection": {"type": "server_vad", "interrupt_response": False}}})
        await start_long_reply(talk)
        await talk.be_silent(0.2)
        await talk.speak()
        await talk.be_silent()
        await talk.until("input_audio_buffer.committed")
        assert (await talk.until("response.done"))["response"]["status"] == "completed"
        await talk.settle()
        assert talk.types().count("response.created") == 1
        assert talk.types().count("error") == 1


async def test_manual_commit_all_at_once() -> None:
    async with served() as server, server.talk() as talk:
        await talk.send("session.update", session={"type": "realtime", "audio": MANUAL})
        await talk.append(bytes(4800))
        await talk.send("input_audio_buffer.commit")
        await talk.send("response.create")
        await talk.until("response.done")
        assert talk.types()[1:6] == [
            "session.updated",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
        ]


async def test_manual_commit_waits_for_the_clients_word() -> None:
    async with served() as server, server.talk() as talk:
        await talk.update(audio=MANUAL)
        await talk.speak(1.0)
        await talk.be_silent(2.0)
        await talk.send("input_audio_buffer.commit")
        await talk.until("conversation.item.done")
        await talk.settle()
        assert "response.created" not in talk.types()
        await talk.send("input_audio_buffer.append", audio="AAAA")
        await talk.send("input_audio_buffer.clear")
        await talk.until("input_audio_buffer.cleared")
        await talk.send("input_audio_buffer.commit", event_id="c")
        error = await talk.error()
        assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "c")


async def test_a_commit_ends_the_utterance_that_was_announced() -> None:
    async with served() as server, server.talk() as talk:
        await talk.speak()
        started = await talk.until("input_audio_buffer.speech_started")
        await talk.send("input_audio_buffer.commit")
        await talk.until("input_audio_buffer.committed", item_id=started["item_id"])
        await talk.until("conversation.item.done")
        await talk.settle()
        assert "response.created" not in talk.types()


async def test_a_clear_drops_the_utterance_and_time_goes_on() -> None:
    async with served() as server, server.talk() as talk:
        await talk.speak(1.0)
        dropped = await talk.until("input_audio_buffer.speech_started")
        await talk.send("input_audio_buffer.clear")
        await talk.until("input_audio_buffer.cleared")
        await talk.be_silent(1.0)
        await talk.speak(0.6)
        started = await talk.until("input_audio_buffer.speech_started")
        assert started["item_id"] != dropped["item_id"]
        # 2 s have been received before, less the prefix padding.
        assert started["audio_start_ms"] == pytest.approx(1700, abs=40)
        await talk.be_silent()
        await talk.until("response.done")
        assert talk.types().count("input_audio_buffer.speech_stopped") == 1


async def test_a_buffer_that_is_never_committed_is_bounded() -> None:
    settings = SessionSettings(turn_detection=None, max_buffer_seconds=2)
    async with served(settings=settings) as server, server.talk() as talk:
        await talk.be_silent(2.5)
        assert (await talk.error())["code"] == "input_audio_buffer_full"
        await talk.be_silent(1.0)
        await talk.send("input_audio_buffer.commit")
        await talk.until("input_audio_buffer.committed")


async def test_text_turn() -> None:
    async with served() as server, server.talk() as talk:
        done = (await talk.ask("How late is it?", output_modalities=["text"]))["response"]
        assert done["output"][0]["content"] == [{"type": "output_text", "text": "It is late. Good night."}]
        assert done["output_modalities"] == ["text"]
        assert talk.types() == [
            "session.created",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
            *ANSWER,
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
        ]


async def test_function_call() -> None:
    model = ScriptedLanguageModel(CALL, "Eighteen degrees.")
    async with served(model=model) as server, server.talk() as talk:
        await talk.update(tools=[WEATHER])
        done = (await talk.ask("How warm is it?"))["response"]
        call = done["output"][0]
        assert (call["type"], call["status"], call["name"]) == ("function_call", "completed", "get_weather")
        assert call["arguments"] == CALL.arguments
        assert talk.types("response.created")[1:] == [
            "response.output_item.added",
            "conversation.item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
        ]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "18"}
        await talk.send("conversation.item.create", item=output)
        assert (await talk.until("conversation.item.added"))["previous_item_id"] == call["id"]
        await talk.settle()
        assert talk.types().count("response.created") == 1
        await talk.send("response.create")
        answer = (await talk.until("response.done"))["response"]["output"][0]
        assert answer["content"][0]["transcript"] == "Eighteen degrees."
        roles = [message.role for message in model.requests[1][0]]
        assert roles == ["system", "user", "assistant", "tool"]


async def test_out_of_band_response_beside_a_running_one() -> None:
    async with served(voice=SLOW_VOICE) as server, server.talk() as talk:
        await start_long_reply(talk)
        items = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "A title, please."}]}]
        beside: dict[str, Any] = {"conversation": "none", "output_modalities": ["text"], "input": items}
        await talk.send("response.create", response={**beside, "metadata": {"for": "title"}, "instructions": None})
        done = (await talk.until("response.done"))["response"]
        assert (done["conversation_id"], done["metadata"]) == (None, {"for": "title"})
        await talk.send("response.cancel")
        assert (await talk.until("response.done"))["response"]["status"] == "cancelled"


async def test_items_are_acknowledged_while_a_response_runs() -> None:
    async with served(voice=SLOW_VOICE) as server, server.talk() as talk:
        _, item_id = await start_long_reply(talk)
        first = talk.messages[1]["item"]["id"]
        assert (await talk.type_text("And?", id="item_mine"))["previous_item_id"] == item_id
        talk.placed_first.add("item_system")
        await talk.send("conversation.item.create", previous_item_id="root", item=_system("Be kind.", "item_system"))
        assert (await talk.until("conversation.item.added"))["item"]["id"] == "item_system"
        await talk.send("conversation.item.delete", item_id=first)
        assert (await talk.until("conversation.item.deleted"))["item_id"] == first
        await talk.send("response.cancel")
        done = (await talk.until("response.done"))["response"]
        assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}


async def test_an_assistant_that_speaks_up_by_itself() -> None:
    detection = {"type": "server_vad", "idle_timeout_ms": 2000}
    async with served() as server, server.talk() as talk:
        await talk.update(audio={"input": {"turn_detection": detection}})
        await talk.ask("Hello.")
        await talk.be_silent(4)
        triggered = await talk.until("input_audio_buffer.timeout_triggered")
        assert triggered["audio_end_ms"] - triggered["audio_start_ms"] == pytest.approx(2000, abs=40)
        await talk.until("input_audio_buffer.committed", item_id=triggered["item_id"])
        await talk.until("response.done")


@pytest.mark.parametrize("by_update", [False, True])
async def test_transcription_session(by_update: bool) -> None:
    path = "/v1/realtime" if by_update else "/v1/realtime?intent=transcription&model=whisper-1"
    async with served() as server, server.talk(path) as talk:
        assert talk.messages[0]["session"]["type"] == ("realtime" if by_update else "transcription")
        session = {"type": "transcription", "audio": TRANSCRIBING}
        await talk.send("session.update", session=session)
        assert (await talk.until("session.updated"))["session"]["object"] == "realtime.transcription_session"
        await talk.speak()
        await talk.be_silent()
        completed = await talk.until("conversation.item.input_audio_transcription.completed")
        assert completed["usage"]["type"] == "duration"
        await talk.send("response.create", event_id="r")
        error = await talk.error()
        assert (error["type"], error["code"], error["event_id"]) == ("invalid_request_error", "invalid_value", "r")
        assert "response.created" not in talk.types()


@pytest.mark.parametrize("kind", ["audio/pcmu", "audio/pcma"])
async def test_telephone_audio_in_both_directions(kind: str) -> None:
    recogniser = ScriptedSpeechToText("hello")
    async with served(recogniser=recogniser) as server, server.talk() as talk:
        audio = {"input": {"format": {"type": kind}, "turn_detection": None}, "output": {"format": {"type": kind}}}
        assert (await talk.update(audio=audio))["session"]["audio"]["output"]["format"] == {"type": kind}
        await talk.append(bytes([0xFF if kind == "audio/pcmu" else 0xD5]) * 8000)
        await talk.send("input_audio_buffer.commit")
        await talk.send("response.create")
        done = (await talk.until("response.done"))["response"]
        assert done["audio"]["output"]["format"] == {"type": kind}
        assert recogniser.heard_seconds == [pytest.approx(1.0, abs=0.03)]
        characters = len("It is late. Good night.")
        sent_seconds = len(talk.audio(done["output"][0]["id"])) / 8000
        assert sent_seconds == pytest.approx(characters * 0.005, abs=0.01)


async def test_a_failed_answer_is_a_failed_response_and_no_error() -> None:
    model = ScriptedLanguageModel(ProviderUnavailable("No model."), "Here I am.")
    async with served(model=model) as server, server.talk() as talk:
        done = (await talk.ask("Hello?"))["response"]
        assert done["status"] == "failed"
        assert done["status_details"]["error"]["message"] == "No model."
        await talk.settle()
        assert talk.types().count("error") == 1
        await talk.send("response.create")
        assert (await talk.until("response.done"))["response"]["status"] == "completed"


async def test_output_that_is_cut_by_its_limit() -> None:
    async with served() as server, server.talk() as talk:
        done = (await talk.ask("How late?", max_output_tokens=2))["response"]
        assert done["status"] == "incomplete"
        assert done["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
        assert done["max_output_tokens"] == 2


async def test_extensions() -> None:
    settings = replace(SessionSettings(instructions=INSTRUCTIONS), max_lead_seconds=0.5)
    slow = ScriptedTextToSpeech(seconds_per_character=0.2)
    async with served(settings=settings, voice=slow) as server, server.talk("/v1/realtime?extensions=1") as talk:
        tone = (b"\x00\x20" * 12 + b"\x00\xe0" * 12) * 600
        await talk.socket.send_bytes(tone)
        await talk.be_silent()
        added = await talk.until("response.output_item.added")
        item_id = added["item"]["id"]
        await talk.until("response.output_audio_transcript.delta")
        await talk.send("voice.playback", item_id=item_id, heard_ms=120.5, playing=True)
        turn = await talk.until("voice.turn")
        assert (turn["item_id"], turn["response_id"]) == (talk.messages[1]["item_id"], added["response_id"])
        assert turn["spans"][-1]["end_ms"] == turn["total_ms"]
        assert turn["spans"][-1]["name"] == "heard"
        frame = talk.frames[0]
        assert (frame[0], frame[2 : 2 + frame[1]].decode()) == (1, item_id)
        assert "response.output_audio.delta" not in talk.types()
        await talk.speak()
        await talk.send("voice.playback", item_id=item_id, heard_ms=160, playing=False)
        await talk.send("response.cancel")
        interrupted = await talk.until("voice.interrupted")
        assert (interrupted["item_id"], interrupted["response_id"]) == (item_id, added["response_id"])
        assert interrupted["heard_ms"] >= 0


def _system(text: str, item_id: str) -> dict[str, object]:
    content = [{"type": "input_text", "text": text}]
    return {"id": item_id, "type": "message", "role": "system", "content": content}
