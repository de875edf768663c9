"""Where the bytes go that a stored record has on top of its plaintext, part by part."""

from collections.abc import Callable

from benchmarks.peers import names
from benchmarks.peers.record_cost import our_contenders
from benchmarks.peers.records import Item, small_record
from benchmarks.peers.sheets import Part, Sheet
from benchmarks.peers.stand_in import AwsStandIn
from envelope.item_header import COMMITMENT_LENGTH, parse_header
from service.item_size import item_size

ID = "record-overhead"
IN_ALL = "in all"
_HEADER, _FOOTER = "aws_dbe_head", "aws_dbe_foot"
_HEAD = ("of a record of 500 bytes, 8 attributes encrypted", names.ITEM_TENANT, names.ITEM_RECORD)


def overhead(item: Item, stored: Item) -> dict[str, int]:
    """Return the bytes of each part of what `stored` has on top of `item`, and of all of it."""
    header, footer = stored[_HEADER]["B"], stored[_FOOTER]["B"]
    (entry,) = parse_header(header).encrypted_data_keys
    ciphertext = len(entry.ciphertext)
    # Each of the three has a length of two bytes before it.
    maker = 2 + len(entry.provider_id) + 2 + len(entry.provider_info) + 2
    return {
        "names of header and footer": len(_HEADER) + len(_FOOTER),
        "header: version, message id, a letter for each signed attribute": (
            len(header) - maker - ciphertext - COMMITMENT_LENGTH
        ),
        "header: what wrapped the data key": maker,
        "header: the wrapped data key": ciphertext,
        "header: commitment": COMMITMENT_LENGTH,
        "footer": len(footer),
        "type and tag of each encrypted attribute": sum(
            item_size({name: stored[name]}) - item_size({name: item[name]}) for name in item
        ),
        IN_ALL: item_size(stored) - item_size(item),
    }


def _measure(_quick: bool, told: Callable[[], None]) -> Sheet:  # noqa: FBT001 - as a part is called
    item = small_record()
    stored = {one.name: one.encrypt() for one in our_contenders(AwsStandIn())()(item)}
    columns = [overhead(item, stored[name]) for name in (names.ITEM_TENANT, names.ITEM_RECORD)]
    told()
    rows = ((part, *(f"{column[part]:,}" for column in columns)) for part in columns[0])
    return Sheet(ID, _HEAD, tuple(rows))


PART = Part(ID, "records: overhead", steps=lambda _: 1, measure=_measure)
