"""An import that is interrupted or killed, in a process of its own."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

COUNT = 60


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "many.jsonl"
    path.write_text("".join(f'{{"record":"r{n:02}","data":{{"n":{n}}}}}\n' for n in range(COUNT)))
    return path


def start(environment: dict[str, str], source: Path, *options: str, **how: Any) -> subprocess.Popen[bytes]:
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    words = [sys.executable, "-m", "client", "import", str(source), "--tenant", "acme", *options]
    # As from a terminal: what runs the tests in the background may ignore Ctrl-C, and would hand that on.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(words, env=environment, **how)
    finally:
        signal.signal(signal.SIGINT, inherited)


def wait_for(server: Any, *, requests: int) -> None:
    for _ in range(requests):
        assert server.reached.acquire(timeout=20)


def slow(server: Any, seconds: float) -> None:
    """Let each request take a while."""
    answer = server.answer

    def later(request: Any) -> Any:
        time.sleep(seconds)
        return answer(request)

    server.answer = later


def test_ctrl_c_finishes_what_is_under_way_and_the_next_run_sends_the_rest(
    environment: dict[str, str], server: Any, source: Path
) -> None:
    slow(server, 0.05)
    running = start(environment, source, "--concurrency", "2")
    wait_for(server, requests=10)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert b"Traceback" not in err
    assert b"run the same command again" in err
    summary = json.loads(out)
    assert summary["interrupted"]
    assert summary["failed"] == 0
    # Each request that reached the API was waited for and counted.
    assert summary["created"] == len(server.records) == len(server.requests) < COUNT
    server.requests.clear()
    out, _ = start(environment, source).communicate(timeout=30)
    assert json.loads(out)["stored_before"] == summary["created"]
    assert len(server.requests) == COUNT - summary["created"]
    assert len(server.records) == COUNT


def test_a_killed_import_goes_on_and_no_record_is_missing(
    environment: dict[str, str], server: Any, source: Path
) -> None:
    slow(server, 0.02)
    running = start(environment, source, "--concurrency", "3")
    wait_for(server, requests=20)
    running.kill()
    running.communicate(timeout=30)
    out, _ = start(environment, source).communicate(timeout=30)
    summary = json.loads(out)
    assert summary["complete"]
    assert summary["stored_before"] >= 10
    assert summary["stored_before"] + summary["created"] + summary["replaced"] == COUNT
    assert {record for _, record in server.records} == {f"r{n:02}" for n in range(COUNT)}


def test_a_number_that_a_crash_cut_off_is_not_believed(
    environment: dict[str, str], server: Any, source: Path, plan: Any
) -> None:
    server.planned_for = {"r40": plan(500)}
    start(environment, source).communicate(timeout=30)
    (progress,) = source.parent.glob("*.progress")
    header = progress.read_bytes().partition(b"\n")[0]
    progress.write_bytes(header + b"\n7\n8\n999999999999999999\nx\n1")
    server.planned_for = {}
    out, _ = start(environment, source).communicate(timeout=30)
    assert json.loads(out)["stored_before"] == 2


def test_a_second_ctrl_c_leaves_at_once(environment: dict[str, str], server: Any, source: Path) -> None:
    server.hold.clear()
    running = start(environment, source, "--timeout", "60")
    wait_for(server, requests=4)
    running.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert running.poll() is None
    began = time.monotonic()
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert running.returncode == 130
    assert b"Traceback" not in err


def test_two_imports_of_one_file_to_one_place_do_not_mix(
    environment: dict[str, str], server: Any, source: Path
) -> None:
    server.hold.clear()
    first = start(environment, source)
    wait_for(server, requests=1)
    second = start(environment, source)
    _, err = second.communicate(timeout=30)
    assert second.returncode == 2
    assert b"another import is using" in err
    server.hold.set()
    out, _ = first.communicate(timeout=30)
    assert json.loads(out)["complete"]


def test_a_terminal_gets_a_bar_and_standard_output_stays_json(
    environment: dict[str, str], server: Any, source: Path
) -> None:
    master, terminal = pty.openpty()
    running = start({**environment, "TERM": "xterm", "COLUMNS": "100"}, source, stderr=terminal)
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += os.read(master, 65536)
        except OSError:
            break
    os.close(master)
    out, _ = running.communicate(timeout=30)
    assert json.loads(out)["created"] == COUNT
    assert "━".encode() in shown
    assert b"60/60" in shown


def test_elsewhere_nothing_is_drawn(environment: dict[str, str], server: Any, source: Path) -> None:
    _, err = start(environment, source).communicate(timeout=30)
    assert len(err.splitlines()) == 1
    assert b"\x1b" not in err
    assert err.isascii()
