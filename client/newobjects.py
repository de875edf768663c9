"""What every way to store an object has in common: what it is begun with, how it is known again."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from client.awsfailures import code_of
from client.objectplaces import ObjectPlace, pointer
from client.objectstore import ObjectStore
from client.problems import ConflictError
from envelope.message_opening import OpenMessage, begin_message

#: Of the message; the type of what is in it is bound in the context.
CONTENT_TYPE = "application/octet-stream"
#: Answers after which an upload cannot be completed any more; or was, by a request whose answer was lost.
DECIDED = frozenset({"412", "PreconditionFailed", "NoSuchUpload"})


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored."""

    length: int
    version: str | None
    header: bytes

    def summary(self, place: ObjectPlace) -> dict[str, Any]:
        """Return what is printed: among it the JSON value by which a record points at the object."""
        return {
            "tenant": place.tenant,
            "object": place.id,
            "length": self.length,
            "version": self.version,
            "pointer": dict(pointer(place, length=self.length, header=self.header)),
        }


def check_absent(store: ObjectStore, place: ObjectPlace) -> None:
    """Raise ConflictError where there is an object of this id."""
    if store.has(place.key):
        raise ConflictError(f"{place.key} exists already: --replace stores a new version of it")


def begun(store: ObjectStore, place: ObjectPlace, *, content_type: str, length: int | None) -> OpenMessage:
    """Begin a message that is bound to its place, its type and, where that is known, its length."""
    context = place.new_context(content_type=content_type, length=length)
    return begin_message(keyring=store.keyring, encryption_context=context)


def stored_by_a_lost_answer(
    store: ObjectStore, place: ObjectPlace, message: OpenMessage, *, error: ClientError
) -> dict[str, Any]:
    """Return what S3 says of our own message, where a repeated request found it stored by the first.

    Raises
    ------
    ClientError
        It was not: the error that was given.
    """
    found = None
    if code_of(error) in DECIDED:
        found = stored_message(store, place, header=message.header.serialized)
    if found is None:
        raise error
    return found


def stored_message(store: ObjectStore, place: ObjectPlace, *, header: bytes) -> dict[str, Any] | None:
    """Return what S3 says of the object if it is the message with this header, which is never made twice."""
    try:
        answer: dict[str, Any] = store.s3.get_object(
            **store.at, Key=place.key, Range=f"bytes=0-{len(header) - 1}"
        )
    except ClientError:
        return None
    return answer if answer["Body"].read(len(header) + 1) == header else None
