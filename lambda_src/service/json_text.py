"""From attribute values to JSON text: the way back of `json_body`, exact, and in one fixed order of names.

Records that other software wrote in the same format may hold what JSON lacks: sets become arrays, binary
becomes base64 text.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from service.exact_numbers import canonical_number


def object_text(values: Mapping[str, Mapping[str, Any]]) -> str:
    """Write attribute values as the text of a JSON object, names in the order of their code points."""
    return "{" + ",".join(f"{text(name)}:{value_text(values[name])}" for name in sorted(values)) + "}"


def value_text(value: Mapping[str, Any]) -> str:
    """Write one attribute value, such as {"N": "1.5"}, as JSON text."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return text(content)
        case "N":
            return canonical_number(content)
        case "BOOL":
            return "true" if content else "false"
        case "NULL":
            return "null"
        case "M":
            return object_text(content)
        case "L":
            return _array(map(value_text, content))
        case "B":
            return text(b64encode(bytes(content)).decode())
        case _:  # SS, NS, BS: a set of values of one type
            return _array(value_text({kind[0]: entry}) for entry in content)


def text(content: str) -> str:
    """Write a string as JSON, characters beyond ASCII as they are."""
    return json.dumps(content, ensure_ascii=False)


def _array(entries: Any) -> str:  # noqa: ANN401 - any iterable of texts
    return "[" + ",".join(entries) + "]"
