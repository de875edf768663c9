"""Which records need to be encrypted anew, and the rewriting of one of them.

What must stay true: an item that does not verify is never written over; a rewrite takes effect only if the
item is still, byte for byte, the one that was read, so whoever writes at the same time wins and is looked at
again; revision and time stay, because the record's content does. New data key and new message id each time,
never a header that is changed in place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, cast

from botocore.exceptions import ClientError

from envelope import (
    BranchKeyItemError,
    BranchKeyNotFoundError,
    BranchKeyShreddedError,
    EncryptedDataKey,
    EnvelopeError,
    InvalidItemError,
    KeyServiceError,
)
from envelope.branch_keyring import PROVIDER_ID as BRANCH_KEYS
from envelope.branch_keyring import version_of
from envelope.item_encryptor import StoredForm
from envelope.item_schema import FOOTER_NAME, HEADER_NAME
from envelope.kms_keyring import PROVIDER_ID as KMS
from service import problems
from service.compartment import Compartment
from service.configuration import Configuration, KeyStrategy
from service.failures import error_code, problem_of
from service.item_size import MAX_ITEM_BYTES, item_size
from service.json_body import AttributeValue
from service.names import (
    RECORD_ATTRIBUTE,
    RECORD_ID,
    TENANT_ATTRIBUTE,
    TENANT_ID,
    UPDATED_AT_ATTRIBUTE,
    is_written_here,
)

Item = Mapping[str, AttributeValue]

#: How often a record is looked at again that somebody else writes at the same time.
_ATTEMPTS = 10

# DynamoDB takes 300 operators in an expression, and a comparison with its AND is two.
_MOST_COMPARED = 140


class Refusal(Enum):
    """Why a record was left as it is."""

    DOES_NOT_VERIFY = "does-not-verify"
    SHREDDED = "shredded"
    NO_BRANCH_KEY = "no-branch-key"
    KEY_REFUSED = "key-refused"
    BRANCH_KEY_DOES_NOT_VERIFY = "branch-key-does-not-verify"
    TOO_LARGE = "too-large"
    NOT_A_RECORD = "not-a-record"


class Verdict(Enum):
    """What became of a record."""

    REWRITTEN = "rewritten"
    RIGHT = "right"
    FILTERED = "filtered"
    REFUSED = "refused"
    GONE = "gone"
    CONFLICT = "conflicts"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a record, the write units that it took, and the bytes that were written."""

    verdict: Verdict
    refusal: Refusal | None = None
    units: float = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which records are looked at; each member narrows it.

    Parameters
    ----------
    written_before
        A time as `updated_at` has it.
    strategy, kms_key, branch_key_version
        What the record's data key is wrapped under, by its header.
    """

    tenant: str | None = None
    written_before: str | None = None
    strategy: KeyStrategy | None = None
    kms_key: str | None = None
    branch_key_version: str | None = None

    def takes(self, item: Item, entries: Sequence[EncryptedDataKey]) -> bool:
        """Tell whether a record is meant."""
        if self.tenant is not None and item[TENANT_ATTRIBUTE].get("S") != self.tenant:
            return False
        if self.written_before is not None:
            written = item.get(UPDATED_AT_ATTRIBUTE, {}).get("S", "")
            if not written or written >= self.written_before:
                return False
        wanted = (self.strategy, self.kms_key, self.branch_key_version)
        return wanted == (None, None, None) or any(self._takes_entry(entry) for entry in entries)

    def _takes_entry(self, entry: EncryptedDataKey) -> bool:
        if self.strategy is not None and entry.provider_id != _PROVIDERS[self.strategy]:
            return False
        if self.kms_key is not None and (entry.provider_id, entry.provider_info) != (
            KMS,
            self.kms_key.encode(),
        ):
            return False
        if self.branch_key_version is not None:
            return entry.provider_id == BRANCH_KEYS and version_of(entry) == self.branch_key_version
        return True


_PROVIDERS = {KeyStrategy.RECORD: KMS, KeyStrategy.TENANT: BRANCH_KEYS}


class Rewriter:
    """Looks at records of one tenant and rewrites what needs it. Safe to share between threads.

    Parameters
    ----------
    configuration
        What the deployment writes today.
    compartment
        Clients and keys that serve the tenant.
    chosen
        Which records are meant.
    dry_run
        Whether nothing is written: what needs it is opened and encrypted all the same, so that what would be
        refused is known.
    """

    def __init__(
        self, configuration: Configuration, compartment: Compartment, *, chosen: Filter, dry_run: bool
    ) -> None:
        self._configuration = configuration
        self._compartment = compartment
        self._encryptor = compartment.store.encryptor
        self._chosen = chosen
        self._dry_run = dry_run

    def turn(self, item: Item) -> Outcome:
        """Look at an item as it was read, and rewrite it if it needs that.

        Raises
        ------
        KeyServiceError, ClientError and other errors of AWS's client
            KMS, the key store or the table cannot be used now; nothing is known of the record.
        """
        units = 0.0
        for _ in range(_ATTEMPTS):
            rewritten = self._judged(item)
            if isinstance(rewritten, Outcome):
                return replace(rewritten, units=units)
            size = item_size(rewritten)
            if size > MAX_ITEM_BYTES:
                return Outcome(Verdict.REFUSED, refusal=Refusal.TOO_LARGE, units=units)
            if self._dry_run:
                return Outcome(Verdict.REWRITTEN, bytes=size)
            written, current = self._write(item, rewritten)
            units += written
            if current is None:
                return Outcome(Verdict.REWRITTEN, units=units, bytes=size)
            if not current:
                return Outcome(Verdict.GONE, units=units)
            item = current
        return Outcome(Verdict.CONFLICT, units=units)

    def _judged(self, item: Item) -> Item | Outcome:
        """Return the item encrypted anew, or why that is not to be written."""
        try:
            return self._looked_at(item)
        except KeyServiceError as failure:
            if problem_of(failure).kind is not problems.KEY_UNAVAILABLE:
                raise
            self._check_envelope_key(item)
        try:
            # KMS may have come back between the two.
            return self._looked_at(item)
        except KeyServiceError as failure:
            if problem_of(failure).kind is not problems.KEY_UNAVAILABLE:
                raise
            return Outcome(Verdict.REFUSED, refusal=Refusal.KEY_REFUSED)

    def _looked_at(self, item: Item) -> Item | Outcome:
        try:
            form = self._encryptor.stored_form(item)
            if not self._chosen.takes(item, form.entries):
                return Outcome(Verdict.FILTERED)
            if self._is_right(item, form):
                return Outcome(Verdict.RIGHT)
            rewritten = self._encryptor.reencrypt(item)
        except KeyServiceError:
            raise
        except EnvelopeError as failure:
            return Outcome(Verdict.REFUSED, refusal=_refusal(failure))
        if not is_written_here(rewritten):
            return Outcome(Verdict.REFUSED, refusal=Refusal.NOT_A_RECORD)
        return rewritten

    def _is_right(self, item: Item, form: StoredForm) -> bool:
        """Tell whether the item is wrapped, and each attribute treated, as a writer would do it today."""
        if not form.as_written_today or len(form.entries) != 1:
            return False
        (entry,) = form.entries
        if self._configuration.key_strategy is KeyStrategy.RECORD:
            wanted = (KMS, self._configuration.envelope_key_arn.encode())
            return (entry.provider_id, entry.provider_info) == wanted
        tenant = item[TENANT_ATTRIBUTE]["S"]
        if (entry.provider_id, entry.provider_info) != (BRANCH_KEYS, tenant.encode()):
            return False
        return version_of(entry) == self._compartment.cache.active(tenant).version

    def _check_envelope_key(self, item: Item) -> None:
        """Raise KeyServiceError where KMS refuses the envelope key itself, and not this record alone.

        Whoever writes to the table can plant an item that names a key in a way that KMS refuses. So the key,
        which branch keys are wrapped under too, is tried on an item that nobody else wrote.
        """
        encryptor = self._compartment.by_kms
        names = (TENANT_ATTRIBUTE, RECORD_ATTRIBUTE)
        encryptor.decrypt(encryptor.encrypt({name: item[name] for name in names}))

    def _write(self, old: Item, new: Item) -> tuple[float, Item | None]:
        """Put `new` where `old` is; return the write units, and what was found there instead.

        That is None where `new` is there now, and empty where nothing is.
        """
        store = self._compartment.store
        try:
            answer = store.client.put_item(
                TableName=store.table,
                Item=cast("Any", new),
                ReturnConsumedCapacity="TOTAL",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **_unchanged(old),
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            found = cast("Item", error.response.get("Item") or {})
            # An attempt before may have written it, and its answer was lost.
            ours = bool(found) and found.get(HEADER_NAME) == new[HEADER_NAME]
            return _units(new), None if ours else found
        return float(answer.get("ConsumedCapacity", {}).get("CapacityUnits") or _units(new)), None


def is_record(item: Item) -> bool:
    """Tell whether an item's keys are those of a record: only then is anything done in its tenant's name."""
    tenant, record = item.get(TENANT_ATTRIBUTE, {}).get("S", ""), item.get(RECORD_ATTRIBUTE, {}).get("S", "")
    return bool(TENANT_ID.fullmatch(tenant) and RECORD_ID.fullmatch(record))


def _refusal(failure: EnvelopeError) -> Refusal:
    match failure:
        case BranchKeyShreddedError():
            return Refusal.SHREDDED
        case BranchKeyNotFoundError():
            return Refusal.NO_BRANCH_KEY
        case BranchKeyItemError():
            return Refusal.BRANCH_KEY_DOES_NOT_VERIFY
        case InvalidItemError():
            # More attributes, say, than a header can list.
            return Refusal.TOO_LARGE
        case _:
            # Whatever it is, stored bytes caused it.
            return Refusal.DOES_NOT_VERIFY


def _unchanged(item: Item) -> dict[str, Any]:
    """The condition that an item is still what it was.

    Where it has too many attributes to compare each, header and footer stand for them: the header is new
    with every encryption, and the footer authenticates all that is signed.
    """
    names = list(item) if len(item) <= _MOST_COMPARED else [HEADER_NAME, FOOTER_NAME]
    return {
        "ConditionExpression": " AND ".join(f"#{at} = :{at}" for at in range(len(names))),
        "ExpressionAttributeNames": {f"#{at}": name for at, name in enumerate(names)},
        "ExpressionAttributeValues": {f":{at}": item[name] for at, name in enumerate(names)},
    }


def _units(item: Item) -> int:
    """Write units of an item, by its size: one for each begun KiB."""
    return -(-item_size(item) // 1024)
