"""The `sealed` command: stores, reads, lists and imports records through the deployed API.

It talks to the API only, never to the table or to KMS, and it needs no right but `execute-api:Invoke`.
What must stay true: a record's content reaches standard output or the API, and never a message, a log or a
progress file.
"""

from importlib import metadata

DISTRIBUTION = "sealed-records"


def version() -> str:
    """Return the installed version, or a note that the command runs from a checkout."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "0+checkout"
