"""What is measured is what is shipped: the benchmarks' environment has the functions' versions."""

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def _pins(file: str) -> dict[str, str]:
    return dict(_PIN.findall((_ROOT / file).read_text()))


def test_what_both_have_is_of_one_version() -> None:
    shipped, measured = _pins("lambda_src/requirements.txt"), _pins("requirements/bench.txt")
    both = shipped.keys() & measured.keys()
    assert {"boto3", "botocore", "cryptography"} <= both
    assert {name: measured[name] for name in both} == {name: shipped[name] for name in both}


def test_the_libraries_of_aws_are_those_that_the_tests_exchange_data_with() -> None:
    tested, measured = _pins("requirements/dev.txt"), _pins("requirements/bench.txt")
    for name in ("aws-encryption-sdk", "aws-cryptographic-material-providers"):
        assert measured[name] == tested[name]
