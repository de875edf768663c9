"""Stores an object: encrypted here, in one request or in parts, and visible only when all of it is there."""

from botocore.exceptions import ClientError

from client.awsfailures import told
from client.inputs import Input
from client.messageparts import PartReader, frames_per_part, parts_of
from client.multipartupload import MultipartUpload
from client.newobjects import CONTENT_TYPE, Stored, begun, check_absent, stored_by_a_lost_answer
from client.objectplaces import ObjectPlace
from client.objectstore import ObjectStore
from client.problems import RefusedInputError

_LARGEST = 5 * 1024**4  # S3's limit for an object


def store_object(
    store: ObjectStore,
    place: ObjectPlace,
    source: Input,
    *,
    content_type: str,
    replace: bool,
    concurrency: int,
    resume: bool,
) -> Stored:
    """Encrypt what the source holds and store it.

    Parameters
    ----------
    store
        In a session for the tenant.
    place
        The object.
    source
        Plaintext of any length.
    content_type
        Of the plaintext; bound to the message.
    replace
        Whether an object of this id may be there already.
    concurrency
        How many parts are sent at once.
    resume
        Whether an interrupted upload of the same file is gone on with.
    """
    with told(place.key):
        if source.length is not None and source.length > _LARGEST:
            raise RefusedInputError(f"{source.name} is larger than S3 takes (5 TiB)")
        reader = PartReader(source, frames=frames_per_part(source.length))
        if reader.is_last:
            if not replace:
                check_absent(store, place)
            return _store_small(store, place, reader, content_type=content_type, replace=replace)
        upload = MultipartUpload(store, place, source, content_type=content_type, replace=replace)
        return upload.run(reader, concurrency=concurrency, resume=resume)


def _store_small(
    store: ObjectStore, place: ObjectPlace, reader: PartReader, *, content_type: str, replace: bool
) -> Stored:
    """Store what fits into one request."""
    length = len(reader.content)
    reader.source.check_unchanged(length)
    message = begun(store, place, content_type=content_type, length=length)
    (part,) = parts_of(message, reader)
    condition = {} if replace else {"IfNoneMatch": "*"}
    try:
        answer = store.s3.put_object(
            **store.at,
            Key=place.key,
            Body=part.data,
            ContentType=CONTENT_TYPE,
            ChecksumAlgorithm="CRC32",
            **condition,
        )
    except ClientError as error:
        answer = stored_by_a_lost_answer(store, place, message, error=error)
    return Stored(length, answer.get("VersionId"), message.header.serialized)
