"""Fetches an object's parts at once into a file, and goes on with a download that was interrupted.

What must stay true: nothing is written before its frame was verified, and the file bears its name only when
all frames are there, the last among them. What an interrupted download left is read and proven again.
"""

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from client.boundedwork import done_at_once
from client.bytedisplay import ByteDisplay, byte_display
from client.objectsource import SequentialReader, StoredObject
from client.output import say
from client.outputfiles import OutputFile
from client.problems import UnavailableError
from client.transferlog import TransferLog, is_proof, proof_of, proof_of_digest
from envelope import KeyServiceError
from envelope.byte_streams import read_up_to
from envelope.message_layout import MessageLayout
from envelope.message_opening import OpenMessage
from envelope.message_ranges import decrypt_frame

_PART = 5 * 1024 * 1024
_IN_MEMORY = 16 * 1024 * 1024


class PartDownload:
    """A download into a file, in parts of whole frames.

    Parameters
    ----------
    stored, message, layout
        The object, its opened header, and where its frames are.
    path, overwrite
        The file, and whether it may replace one.
    """

    def __init__(
        self,
        stored: StoredObject,
        message: OpenMessage,
        layout: MessageLayout,
        path: Path,
        *,
        overwrite: bool,
    ) -> None:
        self._stored = stored
        self._message = message
        self._layout = layout
        self._path = path
        self._overwrite = overwrite
        self._key = message.frames.local_key()
        # Parts have about as many bytes whoever wrote the message: frames may be as short as one byte.
        self._frames = max(1, _PART // layout.frame_length)
        self._plaintext = self._frames * layout.frame_length
        self._parts = layout.regular_frames // self._frames + 1

    def run(self, *, name: str, concurrency: int, resume: bool) -> None:
        """Fetch the parts that are missing, and give the file its name."""
        log = TransferLog(self._path.with_name(f".{self._path.name}.download"), identity=self._identity())
        try:
            going_on = resume and log.state is not None
            output = OutputFile(self._path, overwrite=self._overwrite, keep=going_on)
        except BaseException:
            log.close() if log.state is not None else log.remove()
            raise
        try:
            if not going_on:
                log.begin({})
            with output.failures():
                output.stream.truncate(self._layout.plaintext_length)
            with byte_display(name=name, total=self._layout.plaintext_length) as display:
                done = self._proven(output, log, display=display)
                self._fetch(output, log, done=done, concurrency=concurrency, display=display)
            output.sync()
            # Before the file gets its name: a log beside a complete file would be nobody's to remove.
            log.remove()
            output.finish()
        except (KeyboardInterrupt, Exception) as error:
            self._given_up(output, log, error=error)
            raise

    def _identity(self) -> dict[str, Any]:
        header = self._message.header.serialized
        return {
            "etag": self._stored.etag,
            "version": self._stored.version,
            "header_sha256": hashlib.sha256(header).hexdigest(),
            "length": self._layout.plaintext_length,
            "frames": self._frames,
        }

    def _proven(self, output: OutputFile, log: TransferLog, *, display: ByteDisplay) -> set[int]:
        """Return the parts that an interrupted download wrote and that are still what was verified.

        The log is not believed that a part is there: its content is read again, and must have the code that
        only a holder of the message's data key can have made.
        """
        done: set[int] = set()
        for entry in log.entries:
            part = entry.get("part")
            if not isinstance(part, int) or not 0 <= part < self._parts:
                continue
            content = output.read_at(part * self._plaintext, self._length_of(part))
            if is_proof(entry.get("proof"), proof_of(content, number=part, key=self._key)):
                done.add(part)
                display.advance(len(content))
        if done:
            say(f"going on with an interrupted download: {len(done)} parts are here")
        return done

    def _fetch(
        self, output: OutputFile, log: TransferLog, *, done: set[int], concurrency: int, display: ByteDisplay
    ) -> None:
        """Fetch what is missing; log a part when it is on the disk."""
        missing = (partial(self._fetch_part, output, part) for part in range(self._parts) if part not in done)
        # Each of them holds a frame or two, which others may have made as long as 16 MiB.
        at_once = min(concurrency, max(1, _IN_MEMORY // self._layout.frame_length))
        for part, proof in done_at_once(missing, limit=at_once):
            output.sync()
            log.append({"part": part, "proof": proof})
            display.advance(self._length_of(part))

    def _fetch_part(self, output: OutputFile, part: int) -> tuple[int, str]:
        """Fetch, verify and write the frames of a part, one after the other; return its number and code."""
        layout = self._layout
        first, last = self._frames_of(part)
        begin = layout.offset(first)
        source = SequentialReader(self._stored.fetch(begin, layout.end(last) - begin))
        digest = hashlib.sha256()
        for index in range(first, last + 1):
            frame = read_up_to(source, layout.end(index) - layout.offset(index))
            content = decrypt_frame(frame, index, layout=layout, cipher=self._message.frames)
            output.write_at(index * layout.frame_length, content)
            digest.update(content)
        return part, proof_of_digest(digest.digest(), number=part, key=self._key)

    def _frames_of(self, part: int) -> tuple[int, int]:
        first = part * self._frames
        return first, min(first + self._frames - 1, self._layout.regular_frames)

    def _length_of(self, part: int) -> int:
        first, last = self._frames_of(part)
        end = min((last + 1) * self._layout.frame_length, self._layout.plaintext_length)
        return end - first * self._layout.frame_length

    def _given_up(self, output: OutputFile, log: TransferLog, *, error: BaseException) -> None:
        """Leave what can be gone on with; take away what cannot, or must not."""
        if isinstance(
            error, KeyboardInterrupt | UnavailableError | BotoCoreError | ClientError | KeyServiceError
        ):
            say(f"to go on with the download: run the same command again (so far: {output.part_path})")
            output.leave()
            log.close()
            return
        output.discard()
        log.remove()
