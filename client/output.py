"""Standard output for JSON, standard error for people."""

import sys


def emit(text: str) -> None:
    """Write JSON text and a line's end to standard output, in UTF-8 whatever the terminal's settings are."""
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass") + b"\n")
    sys.stdout.buffer.flush()


def say(text: str) -> None:
    """Write a message to standard error; what steers a terminal, as a file's name may, becomes `?`."""
    shown = (character if character.isprintable() or character == "\n" else "?" for character in text)
    print("".join(shown), file=sys.stderr, flush=True)
