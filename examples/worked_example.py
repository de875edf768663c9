"""Makes the worked examples of docs/formats.md: one message and one record, byte by byte.

Run `python examples/worked_example.py` to print them; with `--write` (`make formats`) they replace what
stands between the markers of the document. The library encrypts as always; here, and nowhere else, os.urandom
returns fixed bytes while it does, so the same bytes come out each time.
"""

import sys
from pathlib import Path

from worked_message import message_example
from worked_record import record_example

DOCUMENT = Path(__file__).parents[1] / "docs" / "formats.md"
BEGIN = "<!-- Written by `make formats` from examples/worked_example.py. Do not edit. -->"
END = "<!-- End of what `make formats` writes. -->"


def main() -> None:
    """Print the examples, or write them into the document."""
    if sys.argv[1:] != ["--write"]:
        print(examples())
        return
    DOCUMENT.write_text(replaced(DOCUMENT.read_text(encoding="utf-8"), examples()), encoding="utf-8")


def replaced(document: str, written: str) -> str:
    """Return the document with another text between the markers."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{written}\n\n{END}{after}"


def examples() -> str:
    """Return the Markdown of both examples."""
    return "\n".join([*message_example(), "", *record_example()])


if __name__ == "__main__":
    main()
