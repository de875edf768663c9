"""What the stacks are called.

Two copies whose stacks have the same names in one account and Region are one deployment: a fork changes
`PROJECT`, and nothing else here.
"""

PROJECT = "SealedRecords"


def deployment_name(environment: str) -> str:
    """Return what the names of an environment's stacks begin with, such as SealedRecords-dev."""
    return f"{PROJECT}-{environment}"


def stack_name(environment: str, stack: str) -> str:
    """Return the whole name of a stack, such as SealedRecords-dev-Keys."""
    return f"{deployment_name(environment)}-{stack}"
