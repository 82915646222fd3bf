"""What a comparison wrote down: one JSON file from which every figure can be computed again.

    {"schema": 1, "started": "2026-01-31T12:00:00+00:00", "command": "python -m benchmarks compare …",
     "machine": {"processor", "cores", "memory_bytes", "system", "python"},
     "targets": [RUN, …]}

A RUN is one target in one scenario with so many sessions at once:

    {"name": "this", "version": "…", "profile": "seed", "tails": false, "faults": ["half-open:speech::5%", …],
     "scenario": "plain", "sessions": 1, "answer_words": 17,
     "turns": [TURN, …],
     "server": {"seconds", "cpu_seconds", "foreign_cpu_seconds" (of other programs on its core; 0 if it is not pinned),
                "rss_bytes", "idle_rss_bytes"} or null (not on this machine),
     "client": {"processes", "cpu_seconds", "seconds", "lag_p50_ms", "lag_p99_ms", "lag_max_ms", "late_frames",
                "frames", "was_bottleneck": bool},
     "emulator": as "server",
     "requests": [REQUEST, …],
     "failed_sessions": ["why", …]}

A TURN is one utterance and what came of it. All moments are seconds of the machine's monotonic clock, the same in all
processes; the moment of a sample is when a microphone would have heard it, or a loudspeaker could first have played it.

    {"session": 0, "session_id": "sess_…" or "", "turn": 0, "clip": "carbon_slt",
     "kind": "question" | "interruption" | "sound",     # sound: a cough, a backchannel, noise over a reply
     "speech_began", "speech_ended": moments of its first and last audible sample,
     "first_audio": moment of the first audible sample of the answer, or null,
     "arrivals": [[moment, seconds of audio, seconds to its first audible sample or null, answer's number or null], …],
     "events": [[moment, name], …],                     # speech_started, duck, restore, clear, reply_done, …
     "gaps": [[moment, seconds], …],                    # the loudspeaker ran empty in the middle of the answer
     "played": {answer's number: seconds of it that had been played when the turn was over},
     "answer": the number of the answer to this turn, or null; it is heard by the tone of its voice,
     "played_seconds": of that answer, until it was stopped or over,
     "expected_seconds": how long the whole of it is,
     "cut_in": bool,                                    # the answer began before the speaker was done
     "failure": "" or why there was no answer,
     "spans": [[name, start_ms, end_ms], …], "committed_ms", "wasted": {…} or null,   # `voice.turn`, if it was sent
     "floor": {"pause", "transcript", "first_clause", "first_audio"} in seconds, or null}

Of an `interruption`: `last_audio` is the last message with audio of the interrupted answer, `ducked` the first `duck`,
`stopped` when the loudspeaker fell silent. Of a `sound`: `stopped` (or ducked) when the answer was no longer played in
full, `restored` when it was again, `lost_seconds` what was never played, `answered` whether the sound was answered, and
`expected_seconds` of the answer that it disturbed. They are null where it did not happen.

A REQUEST is one call of an emulated vendor, `benchmarks.emulators.scene.Exchange`: `vendor`, `request`, `session_id`,
`began`, `asked`, `first`, `clause`, `ended` (moments), `transcripts` [[asked, given], …], `text`, `said`, `tokens`,
`audio_bytes`, `fault`, `finished`.

The figures of a run, from these: `benchmarks.measures.summary(run)`; what of a turn is derived from the rest:
`benchmarks.measures.derive`.

`floor` is what the vendors of the very requests that led to this answer took: `pause`, from the end of speech until the
recogniser had been given all it would get; `transcript`; `first_clause`, from the question to the model's first comma
or full stop; `first_audio`, from the clause to the voice's first samples. The overhead of a server is
`first_audio - speech_ended` minus the sum of the four, or minus `committed_ms` where that is later.
"""
