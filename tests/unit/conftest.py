"""What several of the key store's tests begin with."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from envelope import BranchKeyStore
from tests.unit.key_store import KeyStoreAws, key_store_aws


@pytest.fixture
def aws() -> Iterator[KeyStoreAws]:
    with mock_aws():
        yield key_store_aws()


@pytest.fixture
def key_arn(aws: KeyStoreAws) -> str:
    return aws.key()


@pytest.fixture
def store(aws: KeyStoreAws, key_arn: str) -> BranchKeyStore:
    return aws.store(key_arn)
