"""`sealed` run in the tests' own process, over the embedded AWS; and what lies in the bucket behind it."""

import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from client.entry import main
from local.build_cache import ROOT
from local.embedded import EmbeddedAws
from local.sealed import variables_of

PART = 5 * 1024 * 1024


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: bytes
    err: str

    def document(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


class Commands:
    """Runs commands in a folder, as a caller of a tenant."""

    def __init__(
        self,
        aws: EmbeddedAws,
        monkeypatch: pytest.MonkeyPatch,
        capture: pytest.CaptureFixture[bytes],
        folder: Path,
    ) -> None:
        self.aws, self.folder = aws, folder
        self.bucket = aws.outputs["ObjectsBucketName"]
        self.s3: Any = aws.client("s3")
        self._monkeypatch, self._capture = monkeypatch, capture
        monkeypatch.chdir(folder)

    def __call__(self, *words: str, caller: str = "acme", **variables: str) -> Ended:
        for name, value in {**variables_of(self.aws, caller=caller), **variables}.items():
            self._monkeypatch.setenv(name, value)
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = self._capture.readouterr()
        return Ended(int(ended.value.code or 0), out, err.decode())

    def command(self, *words: str) -> list[str]:
        """Return what runs `sealed` in a process of its own, in the folder and with the environment below."""
        return [sys.executable, "-m", "client", *words]

    def environment(self, *, caller: str = "acme") -> dict[str, str]:
        """Return the environment of such a process."""
        return {**variables_of(self.aws, caller=caller), "PYTHONPATH": f"{ROOT}:{ROOT}/lambda_src"}

    def file(self, name: str, length: int, *, seed: int = 1) -> bytes:
        """Make a file of random bytes."""
        content = random.Random(seed).randbytes(length)  # noqa: S311
        (self.folder / name).write_bytes(content)
        return content

    def stored(self, name: str, *, tenant: str = "acme") -> bytes:
        """Return the message that lies in the bucket."""
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=f"tenants/{tenant}/{name}")["Body"].read()
        return body

    def put_raw(self, name: str, message: bytes, *, tenant: str = "acme") -> None:
        """Put bytes into the bucket, as an administrator could."""
        self.s3.put_object(Bucket=self.bucket, Key=f"tenants/{tenant}/{name}", Body=message)

    def names(self) -> list[str]:
        """Return what is in the folder, hidden files too."""
        return sorted(path.name for path in self.folder.iterdir())

    def unfinished(self, name: str, *, tenant: str = "acme") -> int:
        """Return how many uploads of an object were begun and neither completed nor taken away."""
        uploads = self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        return sum(upload["Key"] == f"tenants/{tenant}/{name}" for upload in uploads)
