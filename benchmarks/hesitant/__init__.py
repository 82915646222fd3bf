"""People who think while they speak: utterances with pauses in the middle, whose every moment is known.

What to use from it:

    from benchmarks.hesitant.utterance import HesitantUtterance, make
    utterances = await make(TUNED)          # benchmarks.hesitant.tuned, 230 in English and Italian, in seconds
    utterances = await make(HELD_OUT)       # benchmarks.hesitant.held_out, another style
    utterances = await make(VARIED)         # benchmarks.hesitant.varied, 138, pauses in all kinds of places
    utterances = await make(SEALED)         # benchmarks.hesitant.sealed, 134 like those: only their sums are looked at
    utterances = recordings(folder)         # benchmarks.hesitant.recordings, human voices, where they are present

`HesitantUtterance` has `name`, `language`, `kind`, `asked`, `text`, `samples` (int16, 16 kHz: half a second of room,
the speech, and `TAIL_SECONDS` of room), `words` with `start_seconds` and `end_seconds`, `pauses` [(start, end)] and
`end_seconds`, the true end of speech; all times from the first sample. `words_until(seconds)` is what a perfect
recogniser knows then, without punctuation. Texts and pauses are the same on every run; the voice, eSpeak NG's, may
differ by some samples.
"""
