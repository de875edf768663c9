"""Standard output for JSON, standard error for people."""

import sys

from client.problems import harmless


def emit(text: str) -> None:
    """Write JSON text and a line's end to standard output, in UTF-8 whatever the terminal's settings are."""
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass") + b"\n")
    sys.stdout.buffer.flush()


def say(text: str) -> None:
    """Write a message to standard error; what steers a terminal, as a file's name may, becomes `?`."""
    print("\n".join(map(harmless, text.split("\n"))), file=sys.stderr, flush=True)
