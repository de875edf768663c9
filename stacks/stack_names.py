"""What the stacks are called.

Two copies whose stacks have the same names in one account and Region are one deployment: a fork changes
`PROJECT`, and nothing else here.
"""

PROJECT = "SealedRecords"


def stack_name(environment: str, stack: str) -> str:
    """Return the whole name of a stack, such as SealedRecords-dev-Keys."""
    return f"{PROJECT}-{environment}-{stack}"
