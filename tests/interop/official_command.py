"""A command around one of AWS's libraries in another language: a line of JSON in, a line of JSON out."""

import base64
import json
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any, Self

from botocore.credentials import Credentials

FOLDER = Path(__file__).parent
_JAVA, _JAVASCRIPT = FOLDER / "java/target", FOLDER / "javascript"
#: The class path of AWS's libraries for Java.
JAVA_LIBRARIES = str(_JAVA / "libraries/*")
#: Where the embedded AWS of these tests is.
REGION = "eu-west-1"
_SOMEBODY = Credentials("test", "test")
#: A command that answers nothing for so long is ended, and its test fails.
_PATIENCE_SECONDS = 60


class OfficialError(Exception):
    """The official library refused; the message begins with the class of its error."""


@dataclass(frozen=True)
class CommandLine:
    """How to start the command around a library; `reason` says why it cannot be started, if so."""

    arguments: tuple[str, ...]
    reason: str = ""


def java_command() -> CommandLine:
    """The command around AWS's libraries for Java."""
    java = shutil.which("java")
    if java is None:
        return CommandLine((), "Java's library is left out: no `java` on the PATH (JDK 17 or newer)")
    if not (_JAVA / "interop.jar").exists():
        return CommandLine((), "Java's library is left out: `make interop` fetches it and builds its command")
    class_path = f"{_JAVA / 'interop.jar'}{os.pathsep}{JAVA_LIBRARIES}"
    # The tests' own two processes need the memory and the processors too.
    return CommandLine((java, "-Xmx512m", "-XX:+UseSerialGC", "-cp", class_path, "interop.InteropCommand"))


def javascript_command() -> CommandLine:
    """The command around AWS's library for JavaScript."""
    node = shutil.which("node")
    if node is None:
        return CommandLine((), "JavaScript's library is left out: no `node` on the PATH")
    if not (_JAVASCRIPT / "node_modules").exists():
        return CommandLine((), "JavaScript's library is left out: `make interop` fetches it")
    return CommandLine((node, str(_JAVASCRIPT / "interop.js")))


def environment(*, endpoint: str, region: str = REGION, key: Credentials = _SOMEBODY) -> dict[str, str]:
    """Where a process finds AWS, and who it is there."""
    given = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": key.access_key,
        "AWS_SECRET_ACCESS_KEY": key.secret_key,
        "AWS_SESSION_TOKEN": key.token or "",
    }
    return {**os.environ, **given}


class OfficialCommand:
    """The running command.

    Parameters
    ----------
    line
        How to start it.
    endpoint
        Where it finds KMS and DynamoDB.
    """

    def __init__(self, line: CommandLine, *, endpoint: str = "") -> None:
        self._arguments = line.arguments
        self._environment = environment(endpoint=endpoint)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self._process = subprocess.Popen(
            self._arguments,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        if self._process is not None:
            with self._process as ending, suppress(BrokenPipeError):
                ending.communicate(timeout=_PATIENCE_SECONDS)

    def ask(self, operation: str, **members: Any) -> Any:
        """Return what the library answers.

        Raises
        ------
        OfficialError
            The library refused.
        """
        answer = json.loads(self._exchange(json.dumps({"operation": operation, **members})))
        if "error" in answer:
            raise OfficialError(f"{answer['error']['class']}: {answer['error']['message']}")
        return answer["result"]

    def _exchange(self, line: str) -> str:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        impatient = Timer(_PATIENCE_SECONDS, process.kill)
        impatient.start()
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        finally:
            impatient.cancel()
        assert answer, f"the command ended, or gave no answer within {_PATIENCE_SECONDS} seconds"
        return answer


def to_dynamodb_json(value: Any) -> Any:
    """An item with its bytes in base64, as it is in JSON."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: to_dynamodb_json(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [to_dynamodb_json(entry) for entry in value]
    return value


def from_dynamodb_json(item: dict[str, Any]) -> dict[str, Any]:
    """The item that stands in JSON."""
    return {name: _typed(value) for name, value in item.items()}


def _typed(value: dict[str, Any]) -> dict[str, Any]:
    ((name, content),) = value.items()
    if name == "B":
        return {"B": base64.b64decode(content, validate=True)}
    if name == "BS":
        return {"BS": [base64.b64decode(entry, validate=True) for entry in content]}
    if name == "L":
        return {"L": [_typed(entry) for entry in content]}
    if name == "M":
        return {"M": from_dynamodb_json(content)}
    return {name: content}
