"""Sends a message in parts, and goes on with an upload that was interrupted.

What must stay true: a part is sent only after the log holds its code (transferlog.py); on going on, a part is
made again from the file, and sent only if it has this code; and where the log may lack a part that was sent,
the upload begins anew under another data key. So whatever happens to the file in between, no two contents are
ever encrypted with one nonce, and no object is made of two states of a file.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from client.awsfailures import code_of
from client.boundedwork import done_at_once
from client.bytedisplay import ByteDisplay, byte_display
from client.inputs import Input, SourceChangedError, changed
from client.messageparts import Part, PartReader, part_plaintext, parts_of
from client.newobjects import (
    CONTENT_TYPE,
    DECIDED,
    Stored,
    begun,
    check_absent,
    stored_by_a_lost_answer,
    stored_message,
)
from client.objectplaces import ObjectPlace
from client.objectstore import ObjectStore
from client.output import say
from client.problems import ConflictError, RefusedInputError
from client.transferlog import CAN_RESUME, TransferLog, is_proof, proof_of, proof_of_state
from envelope import IntegrityError
from envelope.message_header import StoredHeader, read_header
from envelope.message_opening import DEFAULT_FRAME_LENGTH, OpenMessage, open_message
from envelope.message_suites import COMMITTING

# Parts of the largest objects have some 500 MiB: of these fewer are sent at once.
_IN_MEMORY = 32 * 1024 * 1024


def log_path(source: Path, *, bucket: str, key: str) -> Path:
    """Return where an upload's log is: beside the file, one for each object."""
    place = hashlib.sha256(f"{bucket}/{key}".encode()).hexdigest()[:8]
    return source.with_name(f".{source.name}.{place}.upload")


class MultipartUpload:
    """A multipart upload of one object.

    Parameters
    ----------
    store, place, source, content_type, replace
        As `store_object` takes them.
    """

    def __init__(
        self, store: ObjectStore, place: ObjectPlace, source: Input, *, content_type: str, replace: bool
    ) -> None:
        self._store = store
        self._place = place
        self._source = source
        self._content_type = content_type
        self._replace = replace
        self._to: dict[str, Any] = {**store.at, "Key": place.key}
        self._log: TransferLog | None = None
        self._sent: dict[int, dict[str, Any]] = {}
        self._proofs: dict[Any, Any] = {}
        self._key = b""

    def run(self, reader: PartReader, *, concurrency: int, resume: bool) -> Stored:
        """Send the parts that are missing, and complete the upload."""
        self._open_log(reader.frames)
        try:
            message = self._resumed() if resume else None
            done = self._completed(message)
            if done is not None:
                return done
            if not self._replace:
                check_absent(self._store, self._place)
            if message is None or not self._learns_parts():
                message = self._begin_anew()
            name = f"{self._source.name} -> {self._place.id}"
            at_once = min(concurrency, max(1, _IN_MEMORY // part_plaintext(reader.frames)))
            with byte_display(name=name, total=self._source.length) as display:
                taken = self._send(parts_of(message, reader), concurrency=at_once, display=display)
            self._source.check_unchanged(taken)
            answer = self._complete(message)
        except BaseException as error:
            self._given_up(error)
            raise
        if self._log is not None:
            self._log.remove()
        return Stored(taken, answer.get("VersionId"), message.header.serialized)

    def _open_log(self, frames: int) -> None:
        if self._source.path is None or not CAN_RESUME:
            return
        identity = {
            "bucket": self._store.bucket,
            "key": self._place.key,
            "source": self._source.identity,
            "content_type": self._content_type,
            "frames": frames,
        }
        path = log_path(self._source.path, bucket=self._store.bucket, key=self._place.key)
        self._log = TransferLog(path, identity=identity)
        if self._log.given_up is not None:
            say(
                f"{self._source.name} is not what it was when its upload was interrupted, or is to be stored "
                "otherwise: beginning anew"
            )
            self._abort(self._log.given_up.get("upload_id"))

    def _resumed(self) -> OpenMessage | None:
        """Return the message of an interrupted upload, if there is one and it is one that we began.

        The log decides under which key and numbers content is encrypted. So it must be proven to come from
        who held the message's data key, and to name a message as it would be begun now.
        """
        if self._log is None or self._log.state is None:
            return None
        state = self._log.state
        try:
            header = read_header(io.BytesIO(bytes.fromhex(str(state.get("header")))))
            if not self._would_begin(header):
                raise self._unusable("it was begun under another key, or in another way")
            message = open_message(
                header, keyring=self._store.keyring, encryption_context=self._place.context
            )
        except (IntegrityError, ValueError) as error:
            raise self._unusable(str(error)) from None
        self._key = message.frames.local_key()
        proof = proof_of_state(str(state.get("upload_id")), header.serialized.hex(), key=self._key)
        if not is_proof(state.get("proof"), proof):
            raise self._unusable("it was not written by this command")
        return message

    def _would_begin(self, header: StoredHeader) -> bool:
        fields = header.fields
        return (
            fields.suite == COMMITTING
            and fields.frame_length == DEFAULT_FRAME_LENGTH
            and [entry.provider_info for entry in fields.encrypted_data_keys]
            == [self._store.key_arn.encode()]
            and fields.encryption_context
            == self._place.new_context(content_type=self._content_type, length=self._source.length)
        )

    def _unusable(self, why: str) -> ConflictError:
        place = "" if self._log is None else f" (its log is {self._log.path})"
        return ConflictError(
            f"the interrupted upload cannot be gone on with: {why}. --no-resume gives it up and begins "
            f"anew{place}"
        )

    def _completed(self, message: OpenMessage | None) -> Stored | None:
        """Return what is stored, where the last run was stopped between the upload's end and its own."""
        length = self._source.length
        if message is None or length is None or self._log is None:
            return None
        header = message.header.serialized
        found = stored_message(self._store, self._place, header=header)
        if found is None:
            return None
        say("the interrupted upload was complete")
        self._log.remove()
        return Stored(length, found.get("VersionId"), header)

    def _learns_parts(self) -> bool:
        """Learn which parts were sent; return False where that is not known for certain."""
        if self._log is None or self._log.state is None:
            return False
        self._to["UploadId"] = self._log.state["upload_id"]
        try:
            pages = self._store.s3.get_paginator("list_parts").paginate(**self._to)
            sent = {part["PartNumber"]: _of_part(part) for page in pages for part in page.get("Parts", ())}
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                raise
            say("the interrupted upload is no longer there: beginning anew")
            return False
        proofs = {entry.get("part"): entry.get("proof") for entry in self._log.entries}
        if self._log.torn or not sent.keys() <= proofs.keys():
            # Parts that the log does not know may have been sent: their numbers are used.
            say("the log of the interrupted upload is not complete: beginning anew")
            return False
        self._proofs, self._sent = proofs, sent
        say(f"going on with an interrupted upload: {len(sent)} parts are stored")
        return True

    def _begin_anew(self) -> OpenMessage:
        length = self._source.length
        message = begun(self._store, self._place, content_type=self._content_type, length=length)
        if self._log is not None and self._log.state is not None:
            self._abort(self._log.state.get("upload_id"))
        upload_id = self._store.s3.create_multipart_upload(
            **self._store.at,
            Key=self._place.key,
            ContentType=CONTENT_TYPE,
            ChecksumAlgorithm="CRC32",
        )["UploadId"]
        self._to["UploadId"] = upload_id
        self._sent, self._proofs = {}, {}
        self._key = message.frames.local_key()
        if self._log is not None:
            header = message.header.serialized.hex()
            proof = proof_of_state(upload_id, header, key=self._key)
            self._log.begin({"upload_id": upload_id, "header": header, "proof": proof})
        return message

    def _send(self, parts: Iterator[Part], *, concurrency: int, display: ByteDisplay) -> int:
        """Send what is missing; return the bytes of plaintext in all parts."""
        taken = 0

        def missing() -> Iterator[Callable[[], int]]:
            nonlocal taken
            for part in parts:
                taken += part.plaintext_length
                if self._note(part):
                    display.advance(part.plaintext_length)
                else:
                    yield partial(self._send_part, part)

        for length in done_at_once(missing(), limit=concurrency):
            display.advance(length)
        return taken

    def _note(self, part: Part) -> bool:
        """Log a part before it is sent; tell whether it is stored already."""
        proof = proof_of(part.data, number=part.number, key=self._key)
        if part.number not in self._proofs:
            if self._log is not None:
                self._log.append({"part": part.number, "proof": proof})
            self._proofs[part.number] = proof
        elif not is_proof(self._proofs[part.number], proof):
            raise changed(self._source.name)
        return part.number in self._sent

    def _send_part(self, part: Part) -> int:
        answer = self._store.s3.upload_part(
            **self._to, PartNumber=part.number, Body=part.data, ChecksumAlgorithm="CRC32"
        )
        self._sent[part.number] = {**_of_part(answer), "PartNumber": part.number}
        return part.plaintext_length

    def _complete(self, message: OpenMessage) -> dict[str, Any]:
        condition = {} if self._replace else {"IfNoneMatch": "*"}
        parts = [self._sent[number] for number in sorted(self._proofs)]
        try:
            answer: dict[str, Any] = self._store.s3.complete_multipart_upload(
                **self._to, MultipartUpload={"Parts": parts}, **condition
            )
        except ClientError as error:
            return stored_by_a_lost_answer(self._store, self._place, message, error=error)
        return answer

    def _given_up(self, error: BaseException) -> None:
        """Leave an upload that can be gone on with; take away any other."""
        final = isinstance(error, SourceChangedError | RefusedInputError) or (
            isinstance(error, ClientError) and code_of(error) in DECIDED
        )
        if self._log is not None and not final and self._log.state is not None:
            if not isinstance(error, ConflictError):
                say(f"to go on with the upload: run the same command again (its log is {self._log.path})")
            self._log.close()
            return
        if "UploadId" in self._to:
            self._abort(self._to["UploadId"])
        if self._log is not None:
            self._log.remove()

    def _abort(self, upload_id: object) -> None:
        """Take away the parts of an upload; what is left the bucket's lifecycle takes away."""
        if not upload_id:
            return
        with suppress(ClientError, BotoCoreError):
            self._store.s3.abort_multipart_upload(
                **self._store.at, Key=self._place.key, UploadId=str(upload_id)
            )


def _of_part(part: Any) -> dict[str, Any]:  # noqa: ANN401 - botocore's answer
    return {name: part[name] for name in ("PartNumber", "ETag", "ChecksumCRC32") if name in part}
