"""Nothing of the embedded AWS can be reached from outside this machine."""

import os
from pathlib import Path
from typing import Any

import pytest

from local.embedded import EmbeddedAws

LISTENING = "0A"
LOOPBACK = "0100007F"


def listening_addresses(pid: int) -> set[str]:
    """Addresses, in /proc's form, on which a process listens."""
    links = [link for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    targets = set()
    for link in links:
        try:
            targets.add(str(link.readlink()))
        except FileNotFoundError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and f"socket:[{fields[9]}]" in targets:
                found.add(fields[1].partition(":")[0])
    return found


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's list of sockets")
def test_everything_listens_on_loopback_only(aws: EmbeddedAws, probe: Any, processes_below: Any) -> None:
    assert aws.aws_endpoint.startswith("http://127.0.0.1:")
    assert probe.front.url.startswith("http://127.0.0.1:")
    for pid in processes_below(os.getpid()):
        assert listening_addresses(pid) <= {LOOPBACK}
    assert listening_addresses(os.getpid()) == {LOOPBACK}
