"""Units as people write them and as they are shown."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.units import format_duration, format_size, format_usd, parse_duration, parse_size, to_decimal


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("8h", 28_800), ("1.5h", 5400), ("20ms", 0.02), (0, 0), ("2d", 172_800)]
)  # fmt: skip
def test_durations_are_read(text: object, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "size"),
    [("200KB", 200_000), ("4MB", 4_000_000), ("1KiB", 1024), (0, 0), ("2GB", 2 * 10**9), ("4.1MB", 4_100_000)],
)
def test_sizes_are_read(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "abc", "5 parsecs", "-3s", "9" * 400 + "s", "nan", True, None, [], float("nan"), float("inf"), 7, "30", -1],
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "5 bits", "-1KB", True, None, float("nan"), "KB", 12, "200", -1])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_size(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "40 ms"), (7.16, "7.2 s"), (90, "90 s"), (5106, "85.1 min"), (5400, "1.5 h"), (1800, "30 min")],
)
def test_durations_are_shown_as_people_say_them(seconds: float, shown: str) -> None:
    assert format_duration(seconds) == shown


@pytest.mark.parametrize(
    ("amount", "shown"), [("8400.4", "USD 8,400"), ("44.03", "USD 44.03"), ("0.46", "USD 0.46"), ("-3.5", "USD -3.50")]
)
def test_money_has_cents_where_cents_matter(amount: str, shown: str) -> None:
    assert format_usd(Decimal(amount)) == shown


def test_sizes_are_shown_in_the_nearest_unit() -> None:
    assert format_size(200_000) == "200 KB"


@given(st.floats(0, 1e12, allow_nan=False))
def test_a_float_becomes_the_decimal_that_it_is_written_as(value: float) -> None:
    assert float(to_decimal(value)) == pytest.approx(value, rel=1e-11, abs=0)


@given(st.integers(1, 10**6), st.sampled_from(["s", "m", "h"]))
def test_a_number_with_a_unit_is_read_exactly(number: int, unit: str) -> None:
    assert parse_duration(f"{number}{unit}") == number * {"s": 1, "m": 60, "h": 3600}[unit]
