"""From an API Gateway event to the text of its body: JSON by its header, UTF-8, within a limit.

What must stay true: the size is checked before anything reads the body, and no exception that keeps the body
travels on.
"""

import binascii
import re
from base64 import b64decode

from service import problems
from service.event_parts import Event, header
from service.problems import Problem

_CONTENT_TYPE = re.compile(r'application/json(?:\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)


def check_content_type(event: Event) -> None:
    """Refuse all but JSON in UTF-8."""
    content_type = header(event, "content-type")
    if content_type is None or not _CONTENT_TYPE.fullmatch(content_type.strip()):
        raise Problem(
            problems.UNSUPPORTED_MEDIA_TYPE,
            "Send application/json, in UTF-8 if a charset is named.",
            field="Content-Type",
        )
    if header(event, "content-encoding") not in (None, "identity"):
        raise Problem(
            problems.UNSUPPORTED_MEDIA_TYPE, "Send the body uncompressed.", field="Content-Encoding"
        )


def body_text(event: Event, *, limit: int) -> str:
    """The body as text, of up to `limit` bytes."""
    body = event.get("body") or ""
    encoded = bool(event.get("isBase64Encoded"))
    # Four characters of base64 hold three bytes; a text has at least a byte for each character.
    if len(body) > (limit * 4 // 3 + 4 if encoded else limit):
        raise _body_too_large(limit)
    raw = _base64_bytes(body) if encoded else _text_bytes(body)
    if len(raw) > limit:
        raise _body_too_large(limit)
    text = _utf8_text(raw)
    if text is None:
        raise Problem(problems.INVALID_ENCODING, "Send the JSON text in UTF-8.")
    if not text.strip():
        raise Problem(problems.EMPTY_BODY, "Send a JSON object as the body.")
    return text


def _body_too_large(limit: int) -> Problem:
    return Problem(problems.BODY_TOO_LARGE, f"Send at most {limit} bytes.", limit=limit)


def _base64_bytes(body: str) -> bytes:
    try:
        return b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise Problem(problems.INVALID_ENCODING, "Send the body as it is: its transfer encoding cannot be read.")


def _text_bytes(body: str) -> bytes:
    # API Gateway hands bytes that are no UTF-8 on as U+FFFD. To store that would be to change the record in
    # silence; who means the character itself can write its escape.
    if "\ufffd" in body:
        raise Problem(
            problems.INVALID_ENCODING, r"Send UTF-8; write the replacement character itself as \ufffd."
        )
    # A lone surrogate in the event itself cannot come from UTF-8; "surrogatepass" lets the decoder below say
    # so.
    return body.encode("utf-8", "surrogatepass")


def _utf8_text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:  # it keeps the whole body, so it must not travel
        return None
