"""What requests are compared with in the benchmarks: the same functions, with their records in plaintext."""

from types import ModuleType
from typing import Any

import pytest

from benchmarks.costs.plaintext import without_encryption


def _for_this_test(function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function, "_container", function._container)
    without_encryption(function)


def test_records_are_kept_in_plaintext_without_the_encryptor_and_only_without(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service.put("acme", "sealed", {"name": "Ada"}).status == 201
    _for_this_test(service.writer, monkeypatch)
    assert service.put("acme", "plain", {"name": "Ada"}).status == 201

    assert service.item("acme", "plain")["name"] == {"S": "Ada"}
    assert set(service.item("acme", "sealed")["name"]) == {"B"}


def test_the_reader_without_the_encryptor_reads_what_the_writer_without_it_stored(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for function in (service.writer, service.reader):
        _for_this_test(function, monkeypatch)
    service.put("acme", "plain", {"name": "Ada", "age": 36})

    assert service.get("acme", "plain").body == {"name": "Ada", "age": 36}


def test_the_reader_of_the_service_refuses_a_record_in_plaintext(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _for_this_test(service.writer, monkeypatch)
    service.put("acme", "plain", {"name": "Ada"})

    assert service.get("acme", "plain").status == 500
