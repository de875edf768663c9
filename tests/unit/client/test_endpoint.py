"""Which addresses are accepted, and which Region is signed for."""

from typing import Any

import pytest

from client.endpoint import endpoint_from
from client.problems import UsageError

DEPLOYED = "https://abc123.execute-api.eu-central-1.amazonaws.com/v1"


def endpoint(address: str, *, region: Any = None, **environment: Any) -> Any:
    return endpoint_from(address=address, region=region, environment=environment)


def test_the_region_is_read_from_a_deployed_apis_host_name() -> None:
    assert endpoint(DEPLOYED).region == "eu-central-1"
    assert endpoint("https://abc.execute-api.cn-north-1.amazonaws.com.cn/v1").region == "cn-north-1"
    assert endpoint("https://abc-vpce-1.execute-api.us-east-1.vpce.amazonaws.com/v1").region == "us-east-1"


def test_the_option_goes_before_the_host_and_the_host_before_the_environment() -> None:
    assert endpoint(DEPLOYED, region="us-west-2", AWS_REGION="eu-north-1").region == "us-west-2"
    assert endpoint(DEPLOYED, AWS_REGION="eu-north-1").region == "eu-central-1"
    assert endpoint("https://api.example.com", AWS_REGION="eu-north-1").region == "eu-north-1"
    assert endpoint("https://api.example.com", AWS_DEFAULT_REGION="eu-west-3").region == "eu-west-3"


def test_a_host_that_only_looks_like_a_deployed_api_names_no_region() -> None:
    with pytest.raises(UsageError, match="no Region"):
        endpoint("https://abc.execute-api.eu-central-1.amazonaws.com.example.com/v1")


def test_a_final_slash_is_taken_away() -> None:
    assert endpoint(DEPLOYED + "/").url == DEPLOYED


@pytest.mark.parametrize("host", ["127.0.0.1:8123", "localhost:8123", "[::1]:8123", "127.8.9.1"])
def test_http_is_for_this_machine(host: str) -> None:
    assert endpoint(f"http://{host}/v1", region="eu-west-1").loopback


@pytest.mark.parametrize(
    "host",
    ["api.example.com", "10.0.0.1", "192.0.2.1", "localhost.example.com", "127.0.0.1.example.com", "[::2]"],
)
def test_http_to_another_machine_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="unencrypted"):
        endpoint(f"http://{host}/v1", region="eu-west-1")


@pytest.mark.parametrize(
    "address",
    [
        "abc.execute-api.eu-west-1.amazonaws.com/v1",
        "ftp://127.0.0.1/",
        "https://",
        "https://user:word@api.example.com/",
        "https://api.example.com/?a=b",
        "https://api.example.com/#a",
        "https://[::1",
        "https://api.example.com:port/",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="--endpoint"):
        endpoint(address, region="eu-west-1")


def test_a_region_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="is not the name of a Region"):
        endpoint("https://api.example.com", region="europe")


def test_the_command_says_what_is_missing(sealed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEALED_ENDPOINT")
    result = sealed("get", "acme", "r1")
    assert result.code == 2
    assert "SEALED_ENDPOINT" in result.err


@pytest.mark.parametrize("order", ["before", "after"])
def test_the_endpoint_may_stand_before_or_after_the_command(
    sealed: Any, server: Any, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    monkeypatch.setenv("SEALED_ENDPOINT", "https://api.example.com")
    server.records["acme", "r1"] = "a" * 32, b"{}"
    option = ("--endpoint", server.url)
    words = (*option, "get", "acme", "r1") if order == "before" else ("get", *option, "acme", "r1")
    assert sealed(*words).code == 0


def test_a_bundle_of_certificates_that_is_not_there_is_a_usage_error(
    sealed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/absent.pem")
    result = sealed("get", "acme", "r1")
    assert result.code == 2
    assert "/absent.pem" in result.err


def test_a_proxy_that_is_no_address_is_a_usage_error_that_does_not_quote_it(
    sealed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "user:pass-word@proxy:8080")
    result = sealed("get", "acme", "r1", "--endpoint", "https://api.example.com")
    assert result.code == 2
    assert "HTTPS_PROXY" in result.err
    assert "pass-word" not in result.err


def test_a_proxy_is_used_for_other_machines_and_not_for_this_one(
    sealed: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url.removesuffix("/v1"))
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:9")
    server.records["acme", "r1"] = "a" * 32, b"{}"
    assert sealed("get", "acme", "r1").code == 0
    assert server.tunnels == set()
    assert sealed("get", "acme", "r1", "--endpoint", "https://api.example.com").code == 7
    assert server.tunnels == {"api.example.com:443"}
