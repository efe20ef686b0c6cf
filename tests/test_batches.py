"""Batches: nothing lost, nothing twice, nothing read ahead."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.batches import batches


@given(st.lists(st.integers(), max_size=50), st.integers(1, 20))
def test_batches_hold_every_item_in_order_and_never_too_many(items: list[int], size: int) -> None:
    made = list(batches(iter(items), size))
    assert [item for batch in made for item in batch] == items
    assert all(len(batch) == size for batch in made[:-1])
    assert all(1 <= len(batch) <= size for batch in made)


def test_a_stream_is_read_no_further_than_its_batch() -> None:
    stream = iter(range(10))
    assert next(batches(stream, 3)) == [0, 1, 2]
    assert next(stream) == 3
