"""PocketSphinx decoders: how they are set up, and what they make of audio. Only the recogniser's process imports this.

Measured (`python -m benchmarks.word_errors`): a whole utterance at once is heard better than the same audio as it
comes, because the cepstral mean of all of it is known; so finals and what is shown meanwhile have decoders of their
own, the latter set to be quick rather than exact.
"""

import math
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pocketsphinx import Decoder

from pipeline.providers.embedded.domain import Domain, word_pairs
from pipeline.providers.embedded.hypothesis import Hypothesis

QUICK = {"ds": 2, "topn": 2, "maxhmmpf": 3000, "maxwpf": 5, "fwdflat": False, "bestpath": False}


class DomainDecoders:
    """Decoders that expect what is said to one assistant, or anything at all (None)."""

    def __init__(self, domain: Domain | None) -> None:
        self._pairs = domain.pairs() if domain else frozenset()
        if domain is None:
            self._exact, self._quick = Decoder(loglevel="ERROR"), Decoder(loglevel="ERROR", **QUICK)
            return
        with tempfile.TemporaryDirectory() as folder:
            model, dictionary = (str(path) for path in domain.write(Path(folder)))
            self._exact = Decoder(lm=model, dict=dictionary, loglevel="ERROR")
            self._quick = Decoder(lm=model, dict=dictionary, loglevel="ERROR", **QUICK)

    def decode(self, audio: bytes) -> tuple[Hypothesis, str]:
        """Hear a whole utterance, int16 at 16 kHz; give the words and the cepstral mean of this speaker."""
        if not audio:
            return Hypothesis(""), ""
        self._exact.start_utt()
        self._exact.process_raw(audio, full_utt=True)
        mean = self._exact.get_cmn()
        self._exact.end_utt()
        return self._hypothesis(self._exact, with_confidence=True), mean

    def start(self, mean: str) -> None:
        """Begin to hear an utterance as it comes, from a speaker whose cepstral mean is known or "" if not."""
        if mean:
            self._quick.set_cmn(mean)
        self._quick.start_utt()

    def hear(self, audio: bytes) -> Hypothesis:
        """Hear more of it; give what has been said so far."""
        if audio:
            self._quick.process_raw(audio)
        return self._hypothesis(self._quick, with_confidence=False)

    def _hypothesis(self, decoder: Decoder, *, with_confidence: bool) -> Hypothesis:
        heard = decoder.hyp()
        if heard is None or not heard.hypstr:
            return Hypothesis("")
        pairs = word_pairs(heard.hypstr)
        known = sum(pair in self._pairs for pair in pairs) / len(pairs)
        score = math.log(heard.score) if heard.score > 0 else -math.inf
        confidence = _mean_posterior(decoder.seg()) if with_confidence else 0.0
        return Hypothesis(heard.hypstr, max(score, -1e6), confidence, known)


def _mean_posterior(segments: Iterable[Any]) -> float:
    posteriors = [segment.prob for segment in segments if not segment.word.startswith(("<", "["))]
    return sum(posteriors) / len(posteriors) if posteriors else 0.0
