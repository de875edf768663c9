"""What a re-encryption costs: the arithmetic, and files of prices."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from client.costs import cost_of, load_prices, seconds_of
from client.problems import UsageError

KIB = 1024


def of(**given: Any) -> Any:
    base: dict[str, Any] = {
        "seen": 1_000_000,
        "rewritten": 400_000,
        "bytes_seen": 1_000_000 * KIB,
        "bytes_rewritten": 400_000 * KIB,
        "strategy": "record",
        "steps": 20,
        "segments": 10,
        "prices": load_prices(),
    }
    return cost_of(**{**base, **given})


def test_each_line_follows_the_rule_by_which_aws_counts() -> None:
    cost = of(function_seconds=Decimal(100))
    quantities = {line.name: line.quantity for line in cost.lines}
    pages = 977  # 1,024,000,000 bytes in pages of 1 MiB
    events = 400_000 + pages + 22
    assert quantities == {
        "kms-requests": 800_000,
        "dynamodb-read-units": 125_000,
        "dynamodb-write-units": 600_000,
        "lambda-requests": 22,
        "lambda-gb-seconds": 100,
        "state-transitions": 20 * 4 + 10 + 4,
        "s3-writes": 24,
        "s3-reads": 40,
        "trail-data-events": events,
        "trail-log-gigabytes": Decimal((events + 800_000) * 1600) / 10**9,
    }


def test_money_is_exact() -> None:
    cost = of(function_seconds=Decimal(100))
    assert cost["kms-requests"].money == Decimal("2.4")
    assert cost["dynamodb-read-units"].money == Decimal("0.015625")
    assert cost["dynamodb-write-units"].money == Decimal("0.375")
    assert cost["lambda-gb-seconds"].money == Decimal("0.00133334")
    assert cost["state-transitions"].money == Decimal("0.00235")
    assert cost.total == sum(line.money for line in cost.lines)
    assert cost.document()["total"] == f"{cost.total:f}".rstrip("0")


def test_the_largest_table_there_is_loses_no_digit() -> None:
    cost = of(seen=10**10, rewritten=10**10, bytes_seen=10**15, bytes_rewritten=10**15 + 1, steps=10**7)
    # One byte more than 976,562,500,000 KiB, and half a KiB for each of 10^10 records.
    assert cost["dynamodb-write-units"].quantity == 976_562_500_001 + 5 * 10**9
    assert cost["dynamodb-write-units"].money == Decimal("613476.562500625")


@pytest.mark.parametrize(
    ("before", "now", "calls"),
    [
        ("record", "record", 800_000),
        ("record", "tenant", 400_040),
        ("tenant", "record", 400_040),
        ("tenant", "tenant", 40),
        (None, "record", 800_000),
        (None, "tenant", 40),
    ],
)
def test_calls_of_kms_hang_on_both_strategies(before: str | None, now: str, calls: int) -> None:
    assert of(strategy=now, strategy_before=before)["kms-requests"].quantity == calls


def test_nothing_to_rewrite_costs_the_reading() -> None:
    cost = of(rewritten=0, bytes_rewritten=0, strategy="tenant")
    assert cost["kms-requests"].quantity == 0
    assert cost["dynamodb-write-units"].quantity == 0
    assert cost["dynamodb-read-units"].quantity == 125_000


def test_an_empty_table_costs_next_to_nothing() -> None:
    cost = of(seen=0, rewritten=0, bytes_seen=0, bytes_rewritten=0, steps=1, segments=1)
    assert Decimal(0) < cost.total < Decimal("0.001")


def test_a_small_record_takes_a_whole_write_unit() -> None:
    assert of(rewritten=10, bytes_rewritten=1000)["dynamodb-write-units"].quantity == 10


def test_what_was_measured_goes_before_the_rules() -> None:
    cost = of(
        kms_calls=7,
        read_units=Decimal("1.5"),
        write_units=Decimal(3),
        function_seconds=Decimal(8),
        memory_mb=512,
    )
    assert cost["kms-requests"].quantity == 7
    assert cost["dynamodb-read-units"].quantity == Decimal("1.5")
    assert cost["dynamodb-write-units"].quantity == 3
    assert cost["lambda-gb-seconds"].quantity == 4


def test_without_a_trail_of_its_own_nothing_is_paid_for_it() -> None:
    cost = of(trail=False)
    assert cost["trail-data-events"].money == cost["trail-log-gigabytes"].money == 0


@pytest.mark.parametrize(
    "wrong", [{"strategy": "none"}, {"strategy_before": "x"}, {"seen": -1}, {"steps": -1}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"strategy|negative"):
        of(**wrong)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"concurrency": 10}, 100),
        ({"concurrency": 1000}, 10),  # 100 segments: more at once there are not
        ({"concurrency": 100, "write_units_per_second": 10}, 500),
        ({"concurrency": 100, "read_units_per_second": 10}, 200),
        ({"concurrency": 1, "read_units_per_second": 10}, 1000),
    ],
)
def test_a_run_takes_as_long_as_the_slowest_of_work_reading_and_writing(
    given: dict[str, Any], seconds: int
) -> None:
    found = seconds_of(
        function_seconds=Decimal(1000),
        segments=100,
        read_units=Decimal(2000),
        write_units=Decimal(5000),
        **given,
    )
    assert found == seconds


def test_each_published_price_names_its_page_and_the_day_is_known() -> None:
    prices = load_prices()
    assert (prices.region, prices.currency, prices.date) == ("us-east-1", "USD", "2026-11")
    assert all("aws.amazon.com" in price.source and price.amount > 0 for price in prices.by_name.values())


def test_a_file_of_ones_own_changes_the_prices_that_it_names(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"region": "eu-west-1", "prices": {"kms-requests": {"amount": 0.1, "per": 3}}}')
    prices = load_prices(path)
    assert prices.region == "eu-west-1"
    assert prices["kms-requests"].amount == Decimal("0.1")
    assert prices["kms-requests"].source == str(path)
    assert prices["s3-reads"] == load_prices()["s3-reads"]
    assert of(prices=prices)["kms-requests"].money.quantize(Decimal("0.001")) == Decimal("26666.667")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("no json", "is not JSON"),
        ("[1]", "no file of prices"),
        ('{"prices": 1}', "no file of prices"),
        ('{"prices": {"kms": {"amount": "1", "per": 1}}}', "there is no price 'kms'"),
        ('{"prices": {"s3-reads": 5}}', "is not an object"),
        ('{"prices": {"s3-reads": {"amount": "1", "per": 1, "x": 1}}}', "unknown member 'x'"),
        ('{"prices": {"s3-reads": {"per": 1}}}', '"amount" of the price s3-reads'),
        ('{"prices": {"s3-reads": {"amount": "-1", "per": 1}}}', '"amount" of the price s3-reads'),
        ('{"prices": {"s3-reads": {"amount": "1e999999", "per": 1}}}', '"amount" of the price s3-reads'),
        ('{"prices": {"s3-reads": {"amount": true, "per": 1}}}', '"amount" of the price s3-reads'),
        ('{"prices": {"s3-reads": {"amount": "1", "per": 0}}}', '"per" of the price s3-reads'),
        ('{"prices": {"s3-reads": {"amount": "1", "per": 1.5}}}', '"per" of the price s3-reads'),
        (json.dumps({"prices": {"\x1b[2J": {}}}), "?[2J"),
    ],
)
def test_a_wrong_file_is_refused_with_a_sentence(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(content)
    with pytest.raises(UsageError) as refused:
        load_prices(path)
    assert says in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.json cannot be read"):
        load_prices(tmp_path / "absent.json")
