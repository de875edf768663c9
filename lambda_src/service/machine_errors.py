"""The errors that the state machine of re-encryption knows, by the names of their classes.

What must stay true: a text is a sentence for people or the name of a problem; causes never stand in it.
"""

from collections.abc import Sequence


class RunRefused(Exception):  # noqa: N818 - the name is part of the machine's definition
    """A run that is not begun. The text is a sentence for whoever started it."""


class SegmentRefused(Exception):  # noqa: N818 - the name is part of the machine's definition
    """The event is not one of the state machine's: trying again would not help."""


class Unavailable(Exception):  # noqa: N818 - the name is part of the machine's definition
    """What is needed cannot be used now, and nothing could be done: try again later.

    Attributes
    ----------
    causes
        What AWS's clients raised. Never part of the text.
    """

    def __init__(self, problem: str, causes: Sequence[BaseException] = ()) -> None:
        super().__init__(problem)
        self.causes = causes
