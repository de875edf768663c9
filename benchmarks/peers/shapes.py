"""Items to encrypt: two keys, and attributes of texts and numbers that make up a given size."""

Item = dict[str, dict[str, str]]

_KEYS: Item = {"tenant": {"S": "acme-inc"}, "record": {"S": "r-000001"}}
_TEXT = "the quick brown fox jumps over the lazy dog; "
_NUMBER = {"N": "1234567.89"}


def item_of(attributes: int, size: int) -> Item:
    """Return an item of so many attributes, keys among them, whose names and values take `size` bytes.

    Of those that are not keys every fourth is a number; the texts share the rest.
    """
    names = [f"f{number:02}" for number in range(1, attributes - len(_KEYS) + 1)]
    numbers = names[3::4]
    texts = [name for name in names if name not in numbers]
    left = size - size_of(_KEYS) - sum(map(len, texts)) - size_of(dict.fromkeys(numbers, _NUMBER))
    if left < len(texts):
        raise ValueError(f"{attributes} attributes do not fit into {size} bytes")
    each, rest = divmod(left, len(texts))
    lengths = [each + (place < rest) for place in range(len(texts))]
    values = {name: {"S": _text(length)} for name, length in zip(texts, lengths, strict=True)}
    return {**_KEYS, **{name: values.get(name, _NUMBER) for name in names}}


def size_of(item: Item) -> int:
    """Return the bytes of names and values, about as DynamoDB counts them."""
    return sum(len(name) + len(text) for name, value in item.items() for text in value.values())


def _text(length: int) -> str:
    return (_TEXT * (length // len(_TEXT) + 1))[:length]
