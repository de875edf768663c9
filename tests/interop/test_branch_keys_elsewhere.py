"""Branch keys made, versioned and moved by us or by AWS's key stores in other languages, and used by both."""

import base64
from dataclasses import dataclass, replace
from typing import Any

import pytest

from envelope import BranchKeyItemError, BranchKeyShreddedError, CryptoAction
from tests.interop.exchanges import JAVA_KEY_STORE, JAVASCRIPT, Exchanges, Group
from tests.interop.java_items import Sides
from tests.interop.javascript_messages import MessageSides
from tests.interop.key_services import KeyServices
from tests.interop.keyring_pairs import SharedBranchKey, shared_branch_key
from tests.interop.official_command import OfficialCommand, OfficialError
from tests.interop.official_messages import Case
from tests.unit.envelope_items import PARTITION_KEY, SORT_KEY

_ITEM = {PARTITION_KEY: {"S": "acme"}, SORT_KEY: {"S": "order 1"}, "secret": {"S": "plaintext"}}
_ACTIONS = {"secret": CryptoAction.ENCRYPT_AND_SIGN}
_CASE = Case(0x0478, {"tenant": "acme"}, [], 40, 16)


@dataclass(frozen=True)
class Correspondents:
    """A branch key that we share with another library, and what both have written under it so far.

    Parameters
    ----------
    library
        The other one.
    """

    library: str
    branch_key: SharedBranchKey
    written: list[Any]

    def create(self, by: str) -> None:
        """Let one side make it."""
        if by == "us":
            self.branch_key.ours.create(self.branch_key.name)
        else:
            self.branch_key.create_officially()

    def version(self, by: str) -> None:
        """Let one side make a new version of it."""
        if by == "us":
            self.branch_key.ours.rotate(self.branch_key.name)
        else:
            self.branch_key.version_officially()

    def write(self) -> None:
        """Let both write something."""
        if self.library == JAVA_KEY_STORE:
            self.written.extend([self._items.encrypt(_ITEM), self._items.encrypt_officially(_ITEM)])
        else:
            self.written.extend([self._messages.encrypt(_CASE), self._messages.encrypt_officially(_CASE)])

    def assert_both_read_it_all(self) -> None:
        """Each side reads whatever was written by either."""
        for stored in self.written:
            if self.library == JAVA_KEY_STORE:
                assert self._items.decrypt(stored) == self._items.decrypt_officially(stored) == _ITEM
            else:
                for read in (self._messages.decrypt, self._messages.decrypt_officially):
                    assert read(stored, _CASE.context) == _CASE.plaintext

    def assert_both_have_the_same_versions(self, count: int) -> None:
        """Each side finds the same keys, and so many of them."""
        name, ours = self.branch_key.name, self.branch_key.ours
        active = ours.active(name)
        found = self.branch_key.read_officially()
        assert (found["version"], base64.b64decode(found["branchKey"])) == (active.version, active.secret)
        versions = ours.describe(name).versions
        assert len(versions) == count
        for each in versions:
            theirs = self.branch_key.read_officially(version=each.version)
            assert base64.b64decode(theirs["branchKey"]) == ours.version(name, each.version).secret

    def group(self, *, made_by_us: bool) -> Group:
        """The row of the table that an exchange belongs to."""
        return Group(self.library, "branch keys", "key store", "hierarchy version 1", made_by_us)

    @property
    def _items(self) -> Sides:
        return Sides(self.branch_key.command, self.branch_key.keyrings, 2, 0, _ACTIONS)

    @property
    def _messages(self) -> MessageSides:
        return MessageSides(self.branch_key.command, self.branch_key.keyrings)


@pytest.fixture(params=["java", "javascript"])
def correspondents(request: pytest.FixtureRequest) -> Correspondents:
    command: OfficialCommand = request.getfixturevalue(request.param)
    key_services: KeyServices = request.getfixturevalue("key_services")
    libraries = {"java": JAVA_KEY_STORE, "javascript": JAVASCRIPT}
    return Correspondents(libraries[request.param], shared_branch_key(key_services, command), [])


@pytest.mark.parametrize("versioned_by", ["us", "them"])
@pytest.mark.parametrize("created_by", ["us", "them"])
def test_both_use_what_either_created_and_versioned(
    correspondents: Correspondents, exchanges: Exchanges, created_by: str, versioned_by: str
) -> None:
    correspondents.create(created_by)
    correspondents.write()
    correspondents.version(versioned_by)
    correspondents.write()
    correspondents.assert_both_have_the_same_versions(2)
    correspondents.assert_both_read_it_all()
    for who in (created_by, versioned_by):
        exchanges.read[correspondents.group(made_by_us=who == "us")] += 1


@pytest.mark.parametrize("created_by", ["us", "them"])
def test_what_we_moved_they_use_with_the_new_kms_key_alone(
    correspondents: Correspondents, exchanges: Exchanges, created_by: str
) -> None:
    correspondents.create(created_by)
    correspondents.version("us")
    correspondents.write()
    branch_key = correspondents.branch_key
    services, before = branch_key.key_services, branch_key.key_arn
    target = services.key()
    moved = replace(correspondents, branch_key=replace(branch_key, key_arn=target))
    with pytest.raises(OfficialError):
        moved.branch_key.read_officially()

    assert services.key_store(branch_key.name, target, before).move(branch_key.name).verified
    services.kms.disable_key(KeyId=before)

    moved.assert_both_have_the_same_versions(2)
    moved.assert_both_read_it_all()
    with pytest.raises(OfficialError):
        branch_key.read_officially()
    moved.version("them")
    moved.write()
    moved.assert_both_have_the_same_versions(3)
    moved.assert_both_read_it_all()
    exchanges.read[correspondents.group(made_by_us=True)] += 1


def test_what_we_shredded_they_do_not_find(correspondents: Correspondents, exchanges: Exchanges) -> None:
    correspondents.create("them")
    correspondents.write()
    branch_key = correspondents.branch_key
    branch_key.ours.shred(branch_key.name)
    with pytest.raises(OfficialError):
        branch_key.read_officially()
    with pytest.raises(BranchKeyShreddedError):
        branch_key.ours.active(branch_key.name)
    exchanges.refused[correspondents.group(made_by_us=True)] += 1


@pytest.mark.parametrize(
    "edit",
    [{"create-time": {"S": "2020-01-01T00:00:00.000000Z"}}, {"hierarchy-version": {"N": "2"}}],
    ids=list,
)
@pytest.mark.parametrize("created_by", ["us", "them"])
def test_an_edited_branch_key_is_refused_by_both(
    correspondents: Correspondents, exchanges: Exchanges, created_by: str, edit: dict[str, Any]
) -> None:
    correspondents.create(created_by)
    branch_key = correspondents.branch_key
    dynamodb = branch_key.key_services.dynamodb
    key = {"branch-key-id": {"S": branch_key.name}, "type": {"S": "branch:ACTIVE"}}
    item = dynamodb.get_item(TableName=branch_key.name, Key=key)["Item"]
    dynamodb.put_item(TableName=branch_key.name, Item={**item, **edit})
    with pytest.raises(OfficialError):
        branch_key.read_officially()
    with pytest.raises(BranchKeyItemError):
        branch_key.ours.active(branch_key.name)
    exchanges.refused[correspondents.group(made_by_us=created_by == "us")] += 1


def test_java_finds_our_beacon_key_and_makes_tables_that_we_use(
    java: OfficialCommand, key_services: KeyServices
) -> None:
    branch_key = SharedBranchKey(key_services, java, "made-by-java", key_services.key())
    branch_key.create_table_officially()
    branch_key.ours.create(branch_key.name)
    assert len(base64.b64decode(branch_key.read_officially()["beaconKey"])) == 32
