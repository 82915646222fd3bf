"""What a conversation costs can be measured."""

import pytest

from benchmarks.socket_cost import seconds_per_frame, seconds_per_piece, server


@pytest.mark.parametrize("binary", [True, False])
async def test_frames_and_pieces_have_a_cost(binary: bool) -> None:
    async with server("uvloop", None) as url:
        frame = await seconds_per_frame(url, sessions=2, seconds=0.2, binary=binary)
        piece = await seconds_per_piece(url, binary=binary)
    assert 0 < frame.seconds < 0.1
    assert frame.late_seconds >= 0
    assert 0 < piece < 0.1
