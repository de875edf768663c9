"""What a record costs: bytes by DynamoDB's rules, write units, and calls of KMS that were counted."""

from collections import Counter

import pytest

from benchmarks.peers import names, record_cost, record_overhead
from benchmarks.peers.cases import PEER, Contender
from benchmarks.peers.outcomes import FALLS_SHORT, HOLDS
from benchmarks.peers.record_cost import Cost, costs, our_contenders
from benchmarks.peers.records import (
    TENANT,
    Item,
    example_files,
    examples,
    small_record,
    write_units,
)
from benchmarks.peers.rounds import CheckError
from benchmarks.peers.sheets import Sheet
from benchmarks.peers.stand_in import AwsStandIn
from service.item_size import item_size


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return record_cost.measured(AwsStandIn())


def _row(sheet: Sheet, records: str, who: str) -> tuple[int, ...]:
    (row,) = (row for row in sheet.rows if (row[0], row[2]) == (records, who))
    return tuple(int(str(cell).replace(",", "")) for cell in (row[1], *row[3:]))


def test_the_small_record_has_500_bytes_and_a_tenant_of_eight_characters() -> None:
    item = small_record()
    assert (item_size(item), len(item), len(TENANT)) == (500, 12, 8)
    assert item["tenant"] == {"S": TENANT}


@pytest.mark.parametrize(("size", "units"), [(1, 1), (1024, 1), (1025, 2), (2048, 2), (2049, 3)])
def test_a_write_unit_is_taken_for_each_kilobyte_begun(size: int, units: int) -> None:
    assert write_units(size) == units


@pytest.mark.parametrize("who", [names.ITEM_TENANT, names.ITEM_RECORD])
def test_sizes_of_the_small_record_add_up(sheet: Sheet, who: str) -> None:
    count, clear, stored, more, units, *_ = _row(sheet, "500 bytes", who)
    assert (count, clear) == (1, 500)
    assert more == stored - clear
    assert units == write_units(stored)


def test_strategy_record_takes_a_call_for_each_record_and_tenant_one_for_all(sheet: Sheet) -> None:
    for file in example_files():
        count, *_, writing, reading = _row(sheet, file.stem, names.ITEM_RECORD)
        assert count == len(list(examples(file)))
        assert (writing, reading) == (count, count)
        *_, writing, reading = _row(sheet, file.stem, names.ITEM_TENANT)
        assert (writing, reading) == (1, 1)


def test_targets_are_those_of_the_small_record_in_strategy_tenant(sheet: Sheet) -> None:
    *_, more, units, _, _ = _row(sheet, "500 bytes", names.ITEM_TENANT)
    assert [(one.figure, one.asked, one.verdict) for one in sheet.outcomes] == [
        (units, "at most 1 write units", HOLDS),
        (more, "at most 484 bytes", HOLDS),
    ]


def test_targets_that_are_missed_by_a_byte_fall_short() -> None:
    told = record_cost.outcomes(Cost(clear=[541], stored=[1025]))
    assert [one.verdict for one in told] == [FALLS_SHORT, HOLDS]
    told = record_cost.outcomes(Cost(clear=[500], stored=[985]))
    assert [one.verdict for one in told] == [HOLDS, FALLS_SHORT]


def _with_attributes(count: int) -> Item:
    small = small_record()
    kept = {name: small[name] for name in ("tenant", "record", "revision", "updated_at")}
    return {**kept, **{f"field-{number}": {"S": "x"} for number in range(count)}}


@pytest.mark.parametrize(("attributes", "left"), [(8, 14), (22, 0), (23, -1)])
def test_the_bound_of_bytes_holds_up_to_22_encrypted_attributes(attributes: int, left: int) -> None:
    item = _with_attributes(attributes)
    stored = our_contenders(AwsStandIn())()(item)[0].encrypt()
    assert 340 + 18 * attributes - (item_size(stored) - item_size(item)) == left


def test_the_parts_of_what_is_on_top_add_up() -> None:
    item = small_record()
    for contender in our_contenders(AwsStandIn())()(item):
        parts = record_overhead.overhead(item, contender.encrypt())
        in_all = parts.pop(record_overhead.IN_ALL)
        assert sum(parts.values()) == in_all
        assert parts["type and tag of each encrypted attribute"] == 8 * 18
        assert parts["header: version, message id, a letter for each signed attribute"] == 39 + 12


def test_a_data_key_that_kms_wrapped_is_as_long_as_kms_makes_it() -> None:
    item = small_record()
    tenant, record = (
        record_overhead.overhead(item, contender.encrypt())["header: the wrapped data key"]
        for contender in our_contenders(AwsStandIn())()(item)
    )
    # An intermediate key wraps the data key: 48 bytes before KMS's 184, or the branch key's 92.
    assert (tenant, record) == (48 + 92, 48 + 184)


def test_a_contender_that_does_not_decrypt_is_told() -> None:
    def broken(item: Item) -> list[Contender]:
        return [
            Contender(
                "broken",
                PEER,
                "key",
                commits=False,
                binds=False,
                encrypt=lambda: item,
                decrypt=lambda stored: {**stored, "name": {"S": "another"}},
                plaintext=item,
            )
        ]

    with pytest.raises(CheckError, match="broken"):
        costs([small_record()], broken, kms_calls=lambda: 0)


def test_calls_are_counted_where_they_are_made() -> None:
    calls: Counter[str] = Counter()

    def calling(item: Item) -> list[Contender]:
        def encrypt() -> Item:
            calls["encrypt"] += 2
            return item

        def decrypt(stored: Item) -> Item:
            calls["decrypt"] += 3
            return stored

        return [
            Contender(
                "calling",
                PEER,
                "key",
                commits=False,
                binds=False,
                encrypt=encrypt,
                decrypt=decrypt,
                plaintext=item,
            )
        ]

    cost = costs([small_record()] * 5, calling, kms_calls=calls.total)["calling"]
    assert (cost.calls_writing, cost.calls_reading) == (10, 15)
    assert (cost.overhead, cost.write_units) == (0, 5)


def test_parts_say_as_many_steps_as_they_take() -> None:
    steps: list[int] = []
    record_cost.measured(AwsStandIn(), told=lambda: steps.append(1))
    assert len(steps) == record_cost.PART.steps(True)  # noqa: FBT003 - as a part is called
