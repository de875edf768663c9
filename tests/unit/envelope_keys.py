"""Keys and keyrings for the tests of the envelope."""

from envelope import BranchKey, DataKeyError, RawAesKeyring

BRANCH_KEY_ID = "tenant-a"
FIRST_VERSION = "11111111-1111-4111-8111-111111111111"
SECOND_VERSION = "22222222-2222-4222-8222-222222222222"


class MemoryBranchKeys:
    """A source that holds versions of branch keys; the last one of an id is active."""

    def __init__(self, *keys: BranchKey) -> None:
        self._keys = keys
        self.asked_for: list[tuple[str, str]] = []

    def active(self, branch_key_id: str) -> BranchKey:
        self.asked_for.append((branch_key_id, "active"))
        return [key for key in self._keys if key.id == branch_key_id][-1]

    def version(self, branch_key_id: str, version: str) -> BranchKey:
        self.asked_for.append((branch_key_id, version))
        for key in self._keys:
            if (key.id, key.version) == (branch_key_id, version):
                return key
        raise DataKeyError("no such version of this branch key")


def raw_aes_keyring(*, name: str = "key-1", key: bytes = bytes(range(32))) -> RawAesKeyring:
    return RawAesKeyring("tests", name, key)
