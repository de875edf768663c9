"""The command `import`: opens what an import needs, runs it, and says how it went."""

import argparse
import contextlib
import json
import time
from pathlib import Path
from typing import BinaryIO, TextIO

from client.api import RecordsApi
from client.display import display_on
from client.importing import Importer
from client.importlines import numbered_lines
from client.journal import ImportIdentity, Journal, default_journal_path, measured, open_journal
from client.output import emit, say
from client.problems import Exit, UsageError
from client.standardstreams import standard_input

_STANDARD_INPUT = "-"


def import_records(arguments: argparse.Namespace, *, api: RecordsApi, endpoint: str) -> Exit:
    """Store the records of a JSON Lines file."""
    with contextlib.ExitStack() as opened:
        failures = _failures_file(arguments, opened=opened)
        source, journal, total = _input(arguments, endpoint=endpoint, opened=opened)
        name = "standard input" if arguments.file == _STANDARD_INPUT else Path(arguments.file).name
        began = time.monotonic()
        finished = False
        try:
            display = display_on(name=name, total=total)
            importer = Importer(
                api,
                tenant=arguments.tenant,
                create_only=arguments.if_none_match,
                concurrency=arguments.concurrency,
                journal=journal,
                display=display,
                failures=failures,
            )
            with display:
                importer.run(numbered_lines(source))
            finished = importer.complete
        finally:
            if journal is not None:
                journal.close(finished=finished)
    _report(importer, name=name, seconds=time.monotonic() - began, journal=journal)
    if importer.interrupted:
        return Exit.INTERRUPTED
    return Exit.OK if finished else Exit.SOME_FAILED


def _input(
    arguments: argparse.Namespace, *, endpoint: str, opened: contextlib.ExitStack
) -> tuple[BinaryIO, Journal | None, int | None]:
    """Open the input and, where it can be read again, its progress file; count its lines."""
    if arguments.file == _STANDARD_INPUT:
        if arguments.progress_file is not None:
            raise UsageError("standard input cannot be resumed: --progress-file needs a file")
        return standard_input().buffer, None, None
    path = Path(arguments.file)
    try:
        source = opened.enter_context(path.open("rb"))
        if not path.is_file():
            return source, None, None
        size, digest, total = measured(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    identity = ImportIdentity(
        size=size,
        sha256=digest,
        endpoint=endpoint,
        tenant=arguments.tenant,
        create_only=arguments.if_none_match,
    )
    place: Path = arguments.progress_file or default_journal_path(
        path, endpoint=endpoint, tenant=arguments.tenant
    )
    journal = open_journal(place, identity=identity, resume=arguments.resume)
    if journal.restarted:
        say(f"{path.name} is not what it was at the last import: beginning with its first line")
    return source, journal, total


def _failures_file(arguments: argparse.Namespace, *, opened: contextlib.ExitStack) -> TextIO | None:
    path: Path | None = arguments.failed
    if path is None:
        return None
    if path.exists() and Path(arguments.file).exists() and path.samefile(arguments.file):
        raise UsageError("--failed names the file that is imported")
    try:
        return opened.enter_context(path.open("w", encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def _report(importer: Importer, *, name: str, seconds: float, journal: Journal | None) -> None:
    """Print the summary: for people on standard error, as JSON on standard output."""
    tally = importer.tally
    parts = [f"{tally.stored} stored ({tally.created} new, {tally.replaced} replaced)"]
    if tally.existing:
        parts.append(f"{tally.existing} existed and were left as they are")
    if tally.stored_before:
        parts.append(f"{tally.stored_before} stored by an earlier run")
    parts.append(f"{tally.failed} failed")
    say(f"{name}: {', '.join(parts)}, in {seconds:.1f} s")
    for kind, count in tally.failures.most_common():
        say(f"  {count} x {kind}")
    if importer.stopped_by is not None:
        say(f"stopped early, because line after line failed: {importer.stopped_by.line()}")
    if importer.interrupted:
        say("interrupted")
    if not importer.complete:
        _say_how_to_go_on(importer, journal=journal)
    emit(
        json.dumps(
            {
                "source": name,
                "created": tally.created,
                "replaced": tally.replaced,
                "existing": tally.existing,
                "stored_before": tally.stored_before,
                "failed": tally.failed,
                "failures": dict(tally.failures),
                "complete": importer.complete,
                "interrupted": importer.interrupted,
                "seconds": round(seconds, 3),
            },
            separators=(",", ":"),
        )
    )


def _say_how_to_go_on(importer: Importer, *, journal: Journal | None) -> None:
    if journal is None:
        say("to go on: import the whole input again; a record that is stored twice is the same record")
        return
    what = "where it stopped" if importer.interrupted or importer.stopped_by else "with the lines that failed"
    say(f"to go on {what}: run the same command again (progress is in {journal.path})")
