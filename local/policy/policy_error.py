"""What cannot be decided."""


class PolicyError(ValueError):
    """A policy, or a request, holds something that is not known here: nothing is decided by guessing."""
