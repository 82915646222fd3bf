"""Who is asked on whose account: every combination of what a tenant names, has keys for, and allows."""

import itertools

from pipeline.providers.catalog import PROVIDERS, Stage
from voice_server.tenants.config import ProvidersConfig
from voice_server.tenants.provider_order import Place, is_servers, order_of

HOUSE = {"STT": ("openai", "embedded"), "LLM": ("openai", "embedded"), "TTS": ("elevenlabs", "embedded")}
VENDORS = ("openai", "elevenlabs")
LISTS = (None, ("openai",), ("embedded",), ("openai", "embedded"))


def test_who_has_keys_of_its_own_or_names_somebody_spends_the_operators_only_if_it_says_so() -> None:
    stages: tuple[Stage, ...] = ("STT", "LLM", "TTS")
    for own in ((), ("openai",), ("elevenlabs",), VENDORS):
        for stt, llm, tts, falls_back in itertools.product(LISTS, LISTS, LISTS, (False, True)):
            config = ProvidersConfig.model_validate(
                {"stt": stt, "llm": llm, "tts": tts, "fallback_to_server": falls_back}
            )
            for stage, named in zip(stages, (stt, llm, tts), strict=True):
                order = order_of(stage, config, own, HOUSE[stage])
                vendors = [place for place in order.places if place.provider in VENDORS]
                if named is None and not own:
                    assert order.names == list(HOUSE[stage])
                elif not falls_back:
                    assert all(place.account == "tenant" and place.provider in own for place in vendors)
                    assert set(order.names) <= set(named or PROVIDERS[stage])
                else:
                    assert [place for place in order.places if place.account == "server"] == [
                        place for place in order.places if place in [Place(name, "server") for name in HOUSE[stage]]
                    ]
                assert len(set(order.places)) == len(order.places)
            assert is_servers(config, own) == (not own and stt is llm is tts is None)


def test_own_providers_come_in_the_tenants_order_and_the_servers_behind() -> None:
    config = ProvidersConfig(tts=("openai", "elevenlabs"), fallback_to_server=True)
    order = order_of("TTS", config, VENDORS, HOUSE["TTS"])
    assert order.places == (
        Place("openai", "tenant"),
        Place("elevenlabs", "tenant"),
        Place("elevenlabs", "server"),
        Place("embedded", "server"),
    )
    assert order.names == ["openai", "elevenlabs", "embedded"]


def test_what_is_named_without_a_key_or_not_here_is_told() -> None:
    config = ProvidersConfig(stt=("elevenlabs", "embedded"), llm=("embedded",))
    assert order_of("STT", config, (), ("openai",)).lacking == ("elevenlabs", "embedded")
    # Every assistant answers something by itself.
    assert order_of("LLM", config, (), ("openai",)).places == (Place("embedded", "server"),)
