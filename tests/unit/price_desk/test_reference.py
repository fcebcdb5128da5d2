"""Which prices are believed, and what they are measured against. Prices here are in whole units of 1/1,000,000."""

import statistics

import pytest

from schemas.errors import StateCorrupt
from streams.price_desk.reference import Reference
from streams.price_desk.rules import PriceRules

RULES = PriceRules()


def judge(*prices: int) -> tuple[Reference, list[bool]]:
    reference = Reference()
    return reference, [reference.believes(price, RULES) for price in prices]


def test_nothing_is_known_before_the_first_read() -> None:
    assert Reference().price() is None


def test_first_read_is_believed() -> None:
    reference, believed = judge(1_890)
    assert believed == [True]
    assert reference.price() == 1_890


def test_median_of_an_even_number_is_the_mean_of_the_middle_two_rounded_down() -> None:
    reference, _ = judge(1_000, 1_001)
    assert reference.price() == 1_000  # 1000.5


def test_only_the_last_28_reads_count() -> None:
    # 28 reads of 1000, then 15 of 1500: of the last 28, thirteen are 1000 and fifteen 1500.
    reference, believed = judge(*[1_000] * 28, *[1_500] * 15)
    assert all(believed)
    assert reference.price() == 1_500


def test_median_is_the_one_of_the_standard_library() -> None:
    rising = [1_000 + 7 * (index * 5 % 31) for index in range(40)]
    reference, believed = judge(*rising)
    assert all(believed)  # between 1000 and 1210
    assert reference.price() == int(statistics.median(rising[-28:]))


@pytest.mark.parametrize(("price", "believed"), [(500, True), (499, False), (2_000, True), (2_001, False)])
def test_band_is_half_to_double_with_its_edges(price: int, believed: bool) -> None:
    assert judge(1_000, price)[1] == [True, believed]


def test_absurd_read_between_good_ones_leaves_no_trace() -> None:
    reference, believed = judge(1_000, 10, 1_000, 11)
    assert believed == [True, False, True, False]  # 11 is like 10, but a usual read lay between
    assert reference.price() == 1_000


def test_second_like_read_confirms_a_new_price() -> None:
    reference, believed = judge(1_000, 1_000, 1_000, 400, 430)
    assert believed == [True, True, True, False, True]  # 430 is within 10 % of 400
    assert reference.price() == 1_000  # of 1000, 1000, 1000, 430


def test_unlike_read_does_not_confirm_but_is_put_aside_itself() -> None:
    assert judge(1_000, 400, 300, 310)[1] == [True, False, False, True]


def test_confirmed_price_stays_believed_without_being_held_again() -> None:
    assert judge(1_000, 1_000, 1_000, 400, 400, 400, 400)[1] == [True, True, True, False, True, True, True]


@pytest.mark.parametrize("reference", [Reference(), Reference((7,), None), Reference(tuple(range(28)), 12)])
def test_encoding_keeps_everything(reference: Reference) -> None:
    again = Reference.decode("reference:x", reference.encode())
    assert again.encode() == reference.encode()
    assert again.price() == reference.price()


@pytest.mark.parametrize("at", [0, 1, 9, -1])
def test_flipped_bit_is_refused(at: int) -> None:
    value = bytearray(Reference((7, 8), 9).encode())
    value[at] ^= 1
    with pytest.raises(StateCorrupt):
        Reference.decode("reference:x", bytes(value))
