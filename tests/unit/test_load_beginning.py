"""A load that cannot begin says why, and does not wait for ever."""

import socket

import pytest

from benchmarks.load import load as beginning
from benchmarks.load.arguments import Options
from benchmarks.load.deployment import Address, Key


class Nowhere:
    """A deployment at whose address nobody listens."""

    def address(self) -> Address:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return Address(f"http://127.0.0.1:{free.getsockname()[1]}/dev", "eu-central-1")

    def operator_key(self) -> Key:
        return "AKIDEXAMPLE", "a secret"

    def tenant_key(self, tenant: str) -> Key:
        return f"AKIDEXAMPLE-{tenant}", "a secret"

    def function_processes(self) -> dict[str, list[int]]:
        return {}

    def process_id(self) -> int:
        return 1


def test_a_branch_key_without_an_answer_is_said() -> None:
    with pytest.raises(beginning.LoadError, match="branch key of load-0 cannot be created: no answer"):
        beginning.load(Nowhere(), Options(strategy="tenant", tenants=2), command="a test")


def test_a_warm_up_without_an_answer_is_said() -> None:
    with pytest.raises(beginning.LoadError, match="warm-up failed 8 times, first with create: no answer"):
        beginning.load(Nowhere(), Options(strategy="record", tenants=2), command="a test")


def test_a_warm_up_sends_nothing_more_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "_WARMING_SECONDS", 0.0)
    with pytest.raises(beginning.LoadError, match="first with create: not sent, since 0 s are over"):
        beginning.load(Nowhere(), Options(strategy="record", tenants=2), command="a test")
