"""A canary: what is in a record is found nowhere afterwards, except in the API's answers.

The marker goes through everything that a request can meet: success, bad input of every kind, items that do
not verify, faults of KMS and DynamoDB. Then all that the emulator keeps and all that was written is searched,
in the forms that text takes on its way. Each place is shown to be searched by something that must be in it.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CONTENT = "Zq7canaryWv3kD9xT"
# A top-level name is an attribute's name, which the item format leaves in clear: it may be in the table
# alone.
NAME = "Yp5attributeRm2hB8"
# Ids are no content; one of a record that does not verify is logged, and shows that the logs were searched.
RECORD = "canary-Xn4record"


def forms(marker: str) -> list[bytes]:
    """The marker in the encodings that could hide it."""
    raw = marker.encode()
    # In base64 a text looks different at each of three offsets; the first and last characters mix with
    # others.
    shifted = [b64encode(b"\0" * offset + raw)[4 if offset else 0 : -4] for offset in range(3)]
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in marker).encode()
    return [
        raw,
        marker.encode("utf-16-le"),
        marker.encode("utf-16-be"),
        raw.hex().encode(),
        escaped,
        *shifted,
    ]


def holds(place: bytes, marker: str) -> bool:
    lowered = place.lower()
    return any(form.lower() in lowered for form in forms(marker))


def pieces(value: Any) -> Iterator[bytes]:
    """All bytes of a DynamoDB value: names, texts and binary."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name.encode()
            yield from pieces(inner)
    elif isinstance(value, list | set | tuple):
        for inner in value:
            yield from pieces(inner)
    else:
        yield bytes(value) if isinstance(value, bytes | bytearray) else str(value).encode()


def table_contents(api: Any) -> bytes:
    client = api.aws.client("dynamodb")
    found = [client.scan(TableName=name)["Items"] for name in client.list_tables()["TableNames"]]
    return b"\n".join(pieces(found))


def object_contents(api: Any) -> bytes:
    client = api.aws.client("s3")
    return b"\n".join(
        key["Key"].encode() + client.get_object(Bucket=bucket["Name"], Key=key["Key"])["Body"].read()
        for bucket in client.list_buckets()["Buckets"]
        for key in client.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])
    )


def log_contents(api: Any) -> bytes:
    client = api.aws.client("logs")
    return "\n".join(
        event["message"]
        for group in client.describe_log_groups()["logGroups"]
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        for event in page["events"]
    ).encode()


def function_output(api: Any) -> bytes:
    outputs = api.aws.outputs
    return "\n".join(
        api.aws.function_logs(outputs[name]) for name in ("WriterFunctionName", "ReaderFunctionName")
    ).encode()


def written_files(directory: Path) -> bytes:
    return b"\n".join(file.read_bytes() for file in directory.rglob("*") if file.is_file())


def bad_bodies() -> list[bytes]:
    text = json.dumps({NAME: CONTENT})
    return [
        text[:-1].encode(),
        f"{text}{text}".encode(),
        f'["{CONTENT}"]'.encode(),
        f'"{CONTENT}"'.encode(),
        f'{{"{NAME}":"{CONTENT}","{NAME}":1}}'.encode(),
        f'{{"{NAME}":{{"{CONTENT}":NaN}}}}'.encode(),
        f'{{"{NAME}":{{"{CONTENT}":1e999}}}}'.encode(),
        f'{{"{NAME}":{{"{CONTENT}":"\\ud800"}}}}'.encode(),
        f'{{"{NAME}":{{"{CONTENT}":{"[" * 40}{"]" * 40}}}}}'.encode(),
        f'{{"{NAME}":{{"{CONTENT * 30}":1}}}}'.encode(),
        f'{{"aws_dbe_{CONTENT}":"{CONTENT}"}}'.encode(),
        f'{{"{NAME}":"{CONTENT}'.encode() + b'\xff"}',
        text.encode("utf-16"),
        json.dumps({NAME: CONTENT * 30_000}).encode(),
        json.dumps({NAME: CONTENT * 150_000}).encode(),
    ]


def send_everything(api: Any) -> None:
    """Let the marker meet success, refusal, tampering and faults."""
    data = {
        NAME: CONTENT,
        "map": {CONTENT: [CONTENT, {"in": CONTENT}]},
        "list": [f"a{CONTENT}", f"ab{CONTENT}"],
    }
    assert api.put(RECORD, data).status == 201
    assert api.get(RECORD).body == data
    assert api.put(RECORD, data, headers={"If-None-Match": "*"}).status == 409
    assert api.put(RECORD, data, headers={"If-Match": f'"{"0" * 32}"'}).status == 412
    assert api.put(RECORD, data, headers={"If-Match": CONTENT}).status == 400
    assert api.put(RECORD, data, headers={"Content-Type": f"text/{CONTENT}"}).status == 415
    assert api.page(cursor=CONTENT).status == 400
    assert api.page(prefix=CONTENT * 20).status == 400
    for body in bad_bodies():
        assert 400 <= api.put("bad", body).status < 500
    for service, operation, code in [
        ("kms", "GenerateDataKey", "ThrottlingException"),
        ("kms", "GenerateDataKey", "AccessDeniedException"),
        ("dynamodb", "PutItem", "InternalServerError"),
        ("dynamodb", "PutItem", "ValidationException"),
    ]:
        api.aws.fail_next(service, operation, code=code, times=3)
        assert api.put("faulty", data).status in (429, 503)
        api.aws.clear_faults()
    api.aws.fail_next("kms", "Decrypt", code="KMSInternalException", times=3)
    assert api.get(RECORD).status == 503
    sound = api.item(RECORD)
    tampered = {**sound, NAME: {"B": sound[NAME]["B"][:-1] + bytes([sound[NAME]["B"][-1] ^ 1])}}
    api.plant(tampered)
    assert api.get(RECORD).slug == "integrity-failure"
    assert api.page().body["failed"][0]["record"] == RECORD
    api.plant(sound)
    assert api.page().body["records"][0]["data"] == data


def test_what_is_in_a_record_is_found_nowhere_but_in_answers(api: Any) -> None:
    send_everything(api)
    assert api.get(RECORD).body[NAME] == CONTENT  # it is there, for who may read it

    tables, logs, output = table_contents(api), log_contents(api), function_output(api)
    files = written_files(api.aws._folder)
    objects = object_contents(api)
    places = {"tables": tables, "objects": objects, "logs": logs, "output": output, "files": files}

    assert [name for name, place in places.items() if holds(place, CONTENT)] == []
    assert [name for name, place in places.items() if holds(place, NAME)] == ["tables"]
    # Each place was searched: what has to be in it is.
    assert RECORD.encode() in tables
    assert b'"integrity failure"' in output
    assert RECORD.encode() in output
    assert b'"request_id"' in logs
    assert objects
    assert b"AWS::DynamoDB::Table" in files


@pytest.mark.parametrize("prefix", [b"", b"x", b"xy", b"xyz"])
def test_the_search_finds_a_marker_in_its_disguises(prefix: bytes) -> None:
    raw = prefix + CONTENT.encode() + b"tail"
    for disguised in (raw, b64encode(raw), raw.hex().encode(), raw.decode().encode("utf-16"), raw.upper()):
        assert holds(b"before " + disguised + b" after", CONTENT)
    assert not holds(b64encode(prefix + b"something else entirely"), CONTENT)
