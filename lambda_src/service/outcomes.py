"""What a failed call leaves open, by operation: every answer to an outage says what is safe to do next."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a caller must know when a service behind us fails.

    Parameters
    ----------
    of_keys
        When KMS or the key store refuses or fails.
    of_table
        When the records table does.
    """

    of_keys: str
    of_table: str


_UNCHANGED = "Nothing was changed."
_WRITE = "The change is wholly there or not at all, but it is not known which: read the record first."
_CREATE = (
    "Whether the branch key was created is not known. Send the same request again: branch-key-exists then "
    "means that it was."
)
_ROTATE = (
    "Whether the branch key was rotated is not known. Describe it first; to send the same request again is "
    "safe, but may make one version more."
)
_MOVE = "Some of it may be moved already. Send the same request again until nothing remains."
_SHRED = (
    "Some of it may be done already. Send the same request again, with the same cursor if there was one: "
    "what is shredded or deleted stays so."
)

READ = Outcome(of_keys=_UNCHANGED, of_table="")
WRITE = Outcome(of_keys=_UNCHANGED, of_table=_WRITE)

_OUTCOMES = {
    "get_record": READ,
    "list_records": READ,
    "describe_branch_key": READ,
    "list_branch_keys": READ,
    "create_branch_key": Outcome(_CREATE, _CREATE),
    "rotate_branch_key": Outcome(_ROTATE, _ROTATE),
    "move_branch_key": Outcome(_MOVE, _MOVE),
    "shred_branch_key": Outcome(_SHRED, _SHRED),
}


def outcome_of(operation: str) -> Outcome:
    """Return what a failure of an operation leaves open; of an unknown one everything."""
    return _OUTCOMES.get(operation, WRITE)
