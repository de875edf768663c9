"""import: what is stored, what is reported, and how a run goes on after an earlier one."""

import json
from pathlib import Path
from typing import Any

import pytest


def lines_of(*records: str, data: str = '{{"n":{}}}') -> bytes:
    return b"".join(
        f'{{"record":"{record}","data":{data.format(number)}}}\n'.encode()
        for number, record in enumerate(records)
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of thirty good lines."""
    path = tmp_path / "many.jsonl"
    path.write_bytes(lines_of(*[f"r{n:02}" for n in range(30)]))
    return path


def progress_files(folder: Path) -> list[Path]:
    return list(folder.glob("*.progress"))


def test_every_line_is_stored_and_counted(sealed: Any, server: Any, source: Path) -> None:
    result = sealed("import", source, "--tenant", "acme")
    assert result.code == 0
    assert {record: body for (_, record), (_, body) in server.records.items()} == {
        f"r{n:02}": f'{{"n":{n}}}'.encode() for n in range(30)
    }
    seconds = result.json().pop("seconds")
    assert 0 < seconds < 30
    assert result.json() == {
        "source": "many.jsonl",
        "created": 30,
        "replaced": 0,
        "existing": 0,
        "stored_before": 0,
        "failed": 0,
        "failures": {},
        "complete": True,
        "interrupted": False,
        "seconds": seconds,
    }
    assert "many.jsonl: 30 stored (30 new, 0 replaced), 0 failed" in result.err
    assert progress_files(source.parent) == []


def test_data_is_sent_in_the_exact_text_of_the_file(sealed: Any, server: Any, tmp_path: Path) -> None:
    data = (
        '{ "amount":1234.50,"long": 0.12345678901234567890123456789012345678,'
        ' "e":"\\u00e9\U0001f98a", "x":1E+3 }'
    )
    (tmp_path / "f").write_text(f'{{"data" : {data} , "record":"r1"}}\r\n', encoding="utf-8")
    assert sealed("import", tmp_path / "f", "--tenant", "acme").code == 0
    assert server.records["acme", "r1"][1] == data.encode()


def test_running_it_again_replaces_and_succeeds(sealed: Any, source: Path) -> None:
    sealed("import", source, "--tenant", "acme")
    again = sealed("import", source, "--tenant", "acme")
    assert again.code == 0
    assert (again.json()["created"], again.json()["replaced"]) == (0, 30)


def test_lines_may_name_their_own_tenants(sealed: Any, server: Any) -> None:
    text = b'{"tenant":"a","record":"r","data":{}}\n{"tenant":"b","record":"r","data":{}}\n'
    assert sealed("import", "-", stdin=text).code == 0
    assert set(server.records) == {("a", "r"), ("b", "r")}


def test_what_list_prints_can_be_imported(sealed: Any, server: Any, source: Path) -> None:
    sealed("import", source, "--tenant", "acme")
    listed = sealed("list", "acme", "--all").out
    assert sealed("import", "-", "--tenant", "copy", stdin=listed.encode()).code == 0
    assert {r: b for (t, r), (_, b) in server.records.items() if t == "copy"} == {
        r: b for (t, r), (_, b) in server.records.items() if t == "acme"
    }


BAD_LINES = {
    b'{"record":"secret-1","data":{},}': "not valid JSON at column",
    b'["secret"]': "must be a JSON object",
    b'{"record":"r1"}': "has no data",
    b'{"data":{"a":"secret"}}': "names no record",
    b'{"record":"r1","data":["secret"]}': "its data is not a JSON object",
    b'{"record":"r1","data":null}': "its data is not a JSON object",
    b'{"record":"a/b","data":{}}': "its record is not an id",
    b'{"record":7,"data":{}}': "its record is not an id",
    b'{"record":"\\u0061","data":{}}': "its record is not an id",
    b'{"record":"","data":{}}': "its record is not an id",
    b'{"record":"r1","data":{"secret":NaN}}': "NaN and Infinity are not JSON",
    b'{"record":"r1","data":{"secret":1,"secret":2}}': "same name twice",
    b'{"record":"r1","record":"r2","data":{}}': "same name twice",
    b'{"record":"r1","data":{},"secret":1}': "a member other than",
    b'{"record":"r1","data":{},"tenant":"other"}': "names another tenant than --tenant",
    b'{"record":"r1","data":{},"tenant":"."}': "its tenant is not an id",
    b'{"record":"r1","data":{"secret":"\xff"}}': "not UTF-8 at byte",
    b'{"record":"r1","data":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}": "nested too deeply",
    b'{"record":"r1","data":{"a":"' + b"x" * (6 * 2**20 + 4096) + b'"}}': "longer than 6 MB",
}


@pytest.mark.parametrize(("line", "said"), BAD_LINES.items(), ids=range(len(BAD_LINES)))
def test_a_bad_line_is_reported_by_number_and_the_others_go_on(
    sealed: Any, server: Any, line: bytes, said: str
) -> None:
    text = b'{"record":"first","data":{}}\n\n' + line + b'\n{"record":"last","data":{}}'
    result = sealed("import", "-", "--tenant", "acme", stdin=text)
    assert result.code == 9
    assert {record for _, record in server.records} == {"first", "last"}
    assert result.json()["failures"] == {"invalid-line": 1}
    assert "line 3: " in result.err
    assert said in result.err
    assert "secret" not in result.err


def test_a_line_without_any_tenant_fails(sealed: Any) -> None:
    result = sealed("import", "-", stdin=b'{"record":"r1","data":{}}')
    assert "names no tenant: give --tenant" in result.err


def test_lines_that_the_api_refuses_are_told_with_reason_and_listed(
    sealed: Any, server: Any, source: Path, plan: Any, problem_document: Any
) -> None:
    document = problem_document("too-large", status=413, title="Too large.", detail="Make it smaller.")
    server.planned_for = {"r07": plan(413, document), "r21": plan(413, document)}
    failed = source.with_name("failed.jsonl")
    result = sealed("import", source, "--tenant", "acme", "--failed", failed)
    kind = "urn:sealed-records:problem:too-large"
    assert result.code == 9
    assert result.json()["failures"] == {kind: 2}
    assert "line 8 (r07): Too large: Make it smaller. [request req-1]" in result.err
    assert f"  2 x {kind}" in result.err
    entries = sorted((json.loads(line) for line in failed.read_text().splitlines()), key=lambda e: e["line"])
    assert entries == [
        {"line": 8, "record": "r07", "type": kind, "request_id": "req-1"},
        {"line": 22, "record": "r21", "type": kind, "request_id": "req-1"},
    ]
    assert len(server.records) == 28


def test_after_failures_the_same_command_sends_the_failed_lines_only(
    sealed: Any, server: Any, source: Path, plan: Any
) -> None:
    server.planned_for = {"r07": plan(500), "r21": plan(413)}
    first = sealed("import", source, "--tenant", "acme")
    assert "with the lines that failed: run the same command again" in first.err
    assert len(progress_files(source.parent)) == 1
    server.planned_for = {}
    server.requests.clear()
    again = sealed("import", source, "--tenant", "acme")
    assert again.code == 0
    assert sorted(request.path[-3:] for request in server.requests) == ["r07", "r21"]
    assert (again.json()["created"], again.json()["stored_before"]) == (2, 28)
    assert progress_files(source.parent) == []


def test_no_resume_sends_every_line(sealed: Any, server: Any, source: Path, plan: Any) -> None:
    server.planned_for = {"r07": plan(500)}
    sealed("import", source, "--tenant", "acme")
    server.planned_for = {}
    again = sealed("import", source, "--tenant", "acme", "--no-resume")
    assert (again.json()["stored_before"], again.json()["replaced"]) == (0, 29)


def test_a_changed_file_begins_anew_and_says_so(sealed: Any, server: Any, source: Path, plan: Any) -> None:
    server.planned_for = {"r07": plan(500)}
    sealed("import", source, "--tenant", "acme")
    server.planned_for = {}
    source.write_bytes(source.read_bytes().replace(b'{"n":3}', b'{"n":4}'))
    again = sealed("import", source, "--tenant", "acme")
    assert again.json()["stored_before"] == 0
    assert "is not what it was" in again.err
    assert server.records["acme", "r03"][1] == b'{"n":4}'


def test_progress_of_one_tenant_says_nothing_about_another(
    sealed: Any, server: Any, source: Path, plan: Any
) -> None:
    server.planned_for = {"r07": plan(500)}
    sealed("import", source, "--tenant", "acme")
    other = sealed("import", source, "--tenant", "other")
    assert other.json()["stored_before"] == 0
    assert len(progress_files(source.parent)) == 2


def test_a_named_progress_file_of_another_place_is_refused(
    sealed: Any, server: Any, source: Path, plan: Any, tmp_path: Path
) -> None:
    server.planned_for = {"r07": plan(500)}
    place = ("--progress-file", tmp_path / "kept")
    sealed("import", source, "--tenant", "acme", *place)
    kept = (tmp_path / "kept").read_bytes()
    server.requests.clear()
    other = sealed("import", source, "--tenant", "other", *place)
    assert other.code == 2
    assert "another endpoint or tenant" in other.err
    assert (tmp_path / "kept").read_bytes() == kept
    assert server.requests == []


def test_a_file_that_is_no_progress_file_is_left_alone(sealed: Any, source: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b'{"format": "something else"}\n1\n')
    result = sealed("import", source, "--tenant", "acme", "--progress-file", tmp_path / "precious")
    assert result.code == 2
    assert (tmp_path / "precious").read_bytes() == b'{"format": "something else"}\n1\n'


def test_the_failures_file_must_not_be_the_input(sealed: Any, source: Path) -> None:
    before = source.read_bytes()
    assert sealed("import", source, "--tenant", "acme", "--failed", source).code == 2
    assert source.read_bytes() == before


def test_if_none_match_leaves_what_exists_and_is_no_failure(sealed: Any, server: Any, source: Path) -> None:
    server.records["acme", "r05"] = "a" * 32, b'{"older":true}'
    result = sealed("import", source, "--tenant", "acme", "--if-none-match")
    assert result.code == 0
    assert (result.json()["created"], result.json()["existing"]) == (29, 1)
    assert server.records["acme", "r05"][1] == b'{"older":true}'


def test_concurrency_is_used_and_bounded(sealed: Any, server: Any, source: Path) -> None:
    server.hold.clear()
    release_after(server, requests=3)
    assert sealed("import", source, "--tenant", "acme", "--concurrency", "3").code == 0
    assert server.most_at_once == 3


def release_after(server: Any, *, requests: int) -> None:
    """Hold all requests back until so many are there."""
    import threading

    def release() -> None:
        for _ in range(requests):
            server.reached.acquire(timeout=10)
        server.hold.set()

    threading.Thread(target=release, daemon=True).start()


def test_lines_of_one_record_are_stored_in_the_files_order(sealed: Any, server: Any) -> None:
    text = lines_of(*[("a", "b")[n % 2] for n in range(40)])
    assert sealed("import", "-", "--tenant", "acme", stdin=text).code == 0
    for record, parity in (("a", 0), ("b", 1)):
        order = [json.loads(body)["n"] for name, body in server.history if name == record]
        assert order == list(range(parity, 40, 2))


def test_a_failed_line_does_not_come_back_over_a_later_one_of_its_record(
    sealed: Any, server: Any, tmp_path: Path, plan: Any
) -> None:
    (tmp_path / "f").write_bytes(lines_of("same", "same"))
    server.planned.append(plan(500))
    assert sealed("import", tmp_path / "f", "--tenant", "acme").code == 9
    assert sealed("import", tmp_path / "f", "--tenant", "acme").code == 0
    assert server.records["acme", "same"][1] == b'{"n":1}'
    assert len(server.requests) == 2


def test_throttling_delays_and_fails_nothing(sealed: Any, server: Any, source: Path, plan: Any) -> None:
    server.planned.extend([plan(429), plan(503), plan(None)] * 5)
    result = sealed("import", source, "--tenant", "acme")
    assert (result.code, result.json()["failed"]) == (0, 0)
    assert len(server.records) == 30


def test_an_import_that_is_denied_line_after_line_stops(sealed: Any, server: Any, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(lines_of(*[f"r{n}" for n in range(500)]))
    result = sealed("import", tmp_path / "f", "--tenant", "acme", "--region", "us-east-1")
    assert result.code == 9
    assert not result.json()["complete"]
    assert "stopped early, because line after line failed: Forbidden" in result.err
    assert len(server.requests) < 100


def test_only_the_first_failures_are_shown(sealed: Any) -> None:
    result = sealed("import", "-", "--tenant", "acme", stdin=b"{}\n" * 50)
    assert result.json()["failed"] == 50
    assert result.err.count("names no record") == 20
    assert "more lines fail" in result.err


def test_standard_input_cannot_be_resumed(sealed: Any, tmp_path: Path) -> None:
    assert sealed("import", "-", "--progress-file", tmp_path / "p").code == 2


def test_an_absent_file_is_a_usage_error(sealed: Any, tmp_path: Path) -> None:
    result = sealed("import", tmp_path / "absent", "--tenant", "acme")
    assert result.code == 2
    assert "No such file" in result.err


def test_an_empty_file_is_an_import_of_nothing(sealed: Any, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    result = sealed("import", tmp_path / "f", "--tenant", "acme")
    assert (result.code, result.json()["created"]) == (0, 0)


def test_the_progress_file_holds_numbers_and_nothing_of_the_records(
    sealed: Any, server: Any, tmp_path: Path, plan: Any
) -> None:
    (tmp_path / "f").write_bytes(lines_of("secretid1", "secretid2", data='{{"secret":{}}}'))
    server.planned_for = {"secretid2": plan(500)}
    sealed("import", tmp_path / "f", "--tenant", "acme")
    (kept,) = progress_files(tmp_path)
    header, *numbers = kept.read_text().splitlines()
    assert set(json.loads(header)) == {"format", "size", "sha256", "endpoint", "tenant", "create_only"}
    assert numbers == ["1"]
    assert kept.stat().st_mode & 0o777 == 0o600
