"""What `sealed object` says of settings that cannot be right, before it asks anybody."""

import pytest

from client.entry import main

SETTINGS = {
    "SEALED_OBJECTS_BUCKET": "sealed-dev-objects-123456789012",
    "SEALED_OBJECT_ROLE_ARN": "arn:aws:iam::123456789012:role/sealed-dev-object-client",
    "SEALED_ENVELOPE_KEY_ARN": "arn:aws:kms:eu-central-1:123456789012:key/1e65de32",
    # Nobody listens there: whatever asks gets no answer.
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("SEALED_OBJECTS_BUCKET", "", "set SEALED_OBJECTS_BUCKET (the output ObjectsBucketName)"),
        ("SEALED_OBJECTS_BUCKET", "Bad_Bucket/x", "SEALED_OBJECTS_BUCKET is not the name of a bucket"),
        ("SEALED_OBJECT_ROLE_ARN", "object-client", "SEALED_OBJECT_ROLE_ARN is not the ARN of a role"),
        ("AWS_ENDPOINT_URL", "nowhere", "AWS_ENDPOINT_URL, or what the profile has in its place"),
        ("AWS_PROFILE", "absent", "credentials: The config profile (absent) could not be found"),
        ("AWS_REGION", "x y", "credentials: Provided region_name 'x y'"),
    ],
)
def test_a_wrong_setting_is_named_and_nobody_is_asked(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    setting: str,
    value: str,
    said: str,
) -> None:
    for name, given in {**SETTINGS, setting: value}.items():
        monkeypatch.setenv(name, given)
    with pytest.raises(SystemExit) as ended:
        main(["object", "list", "acme"])
    out, err = capfd.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert err.startswith(f"sealed: {said}")
