"""What requests are compared with in the benchmarks: the same functions, with their records in plaintext."""

from types import ModuleType
from typing import Any

import pytest

from benchmarks.costs import paired_requests
from benchmarks.costs.paired_requests import BY_RECORD, PLAINTEXT, StorageError
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


def test_functions_that_do_not_keep_records_as_they_are_said_to_are_not_measured(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions = {"writer": service.writer, "reader": service.reader}
    paired_requests.prepare(paired_requests.Service(BY_RECORD, "acme", functions))
    with pytest.raises(StorageError, match="in plaintext are \\[\\]"):
        paired_requests.prepare(paired_requests.Service(PLAINTEXT, "acme", functions))

    for function in functions.values():
        _for_this_test(function, monkeypatch)
    paired_requests.prepare(paired_requests.Service(PLAINTEXT, "acme", functions))
    with pytest.raises(StorageError, match="in plaintext are"):
        paired_requests.prepare(paired_requests.Service(BY_RECORD, "acme", functions))
