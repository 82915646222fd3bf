"""What is sealed opens in its place, with its secret, whole; and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.storage.sealed import CannotOpen, Sealed

OLD, NEW = b"the secret of last year", b"the secret of this year"


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_what_is_sealed_opens_again(data: bytes, context: bytes) -> None:
    sealed = Sealed([NEW])
    assert sealed.open(sealed.seal(data, context), context) == data


def test_the_same_is_never_sealed_alike() -> None:
    sealed = Sealed([NEW])
    assert sealed.seal(b"key", b"place") != sealed.seal(b"key", b"place")


def test_it_does_not_open_in_another_place() -> None:
    sealed = Sealed([NEW])
    with pytest.raises(CannotOpen, match="somewhere else"):
        sealed.open(sealed.seal(b"key", b"tenant 1"), b"tenant 2")


def test_an_older_secret_opens_what_it_sealed_and_the_newest_seals() -> None:
    both = Sealed([NEW, OLD])
    assert both.open(Sealed([OLD]).seal(b"key", b""), b"") == b"key"
    assert Sealed([NEW]).open(both.seal(b"key", b""), b"") == b"key"


def test_another_secret_is_told_from_damage() -> None:
    with pytest.raises(CannotOpen, match="another SECRET_KEY"):
        Sealed([NEW]).open(Sealed([OLD]).seal(b"key", b""), b"")


@given(st.data())
def test_no_changed_or_shortened_byte_opens(data: st.DataObject) -> None:
    sealed = Sealed([NEW])
    whole = sealed.seal(b"a private key", b"place")
    position = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[position] ^= data.draw(st.integers(1, 255))
    for broken in (bytes(changed), whole[:position]):
        with pytest.raises(CannotOpen):
            sealed.open(broken, b"place")


@pytest.mark.parametrize("secrets", [[], [b"short"], [NEW, b""]])
def test_secrets_that_can_be_guessed_are_refused(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Sealed(secrets)
