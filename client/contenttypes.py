"""What kind of content a file has: as the command says, or as its name suggests."""

import mimetypes

from client.inputs import Input

_UNKNOWN = "application/octet-stream"


def content_type_of(given: str | None, source: Input) -> str:
    """Return the media type that a message is bound to."""
    if given is not None:
        return given
    guessed, encoding = mimetypes.guess_type(source.path.name) if source.path else (None, None)
    return guessed if guessed is not None and encoding is None else _UNKNOWN
