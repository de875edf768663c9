"""Which records need to be encrypted anew, and the rewriting of one of them.

What must stay true: an item that does not verify is never written over; a rewrite takes effect only if the
item is still, byte for byte, the one that was read, so whoever writes at the same time wins and is looked at
again; revision and time stay, because the record's content does. New data key and new message id each time,
never a header that is changed in place.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
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
from envelope.branch_key_item import ACTIVE, PARTITION_KEY, store_key
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
    NOT_ACCEPTED = "not-accepted"
    NOT_A_RECORD = "not-a-record"
    WRITTEN_MEANWHILE = "written-meanwhile"


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


_RIGHT = Outcome(Verdict.RIGHT)
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
            try:
                written, current = self._write(item, rewritten)
            except ClientError as failure:
                refusal = _refusal_of_table(failure)
                if refusal is None:
                    raise
                return Outcome(Verdict.REFUSED, refusal=refusal, units=units)
            units += written
            if current is None:
                return Outcome(Verdict.REWRITTEN, units=units, bytes=size)
            if not current:
                return Outcome(Verdict.GONE, units=units)
            # Whoever wrote it in another form knows better than this call what today's is.
            if self._wrapping(current) != self._wrapping(item) and self._judged(current) is not _RIGHT:
                break
            item = current
        return Outcome(Verdict.CONFLICT, refusal=Refusal.WRITTEN_MEANWHILE, units=units)

    def _wrapping(self, item: Item) -> object:
        """What an item's data key is wrapped under; None where its header says nothing."""
        try:
            entries = self._encryptor.stored_form(item).entries
        except EnvelopeError:
            return None
        return [(entry.provider_id, entry.provider_info, _version(entry)) for entry in entries]

    def _judged(self, item: Item) -> Item | Outcome:
        """Return the item encrypted anew, or why that is not to be written."""
        try:
            return self._looked_at(item)
        except KeyServiceError as failure:
            if problem_of(failure).kind is not problems.KEY_UNAVAILABLE:
                raise
            self._check_keys(item)
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
                return _RIGHT
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

    def _check_keys(self, item: Item) -> None:
        """Raise KeyServiceError where KMS refuses a key itself, and not this record alone.

        Whoever writes to the table can plant an item that names a key in a way that KMS refuses. So the
        envelope key is tried on an item that nobody else wrote, and the tenant's branch key by itself.
        """
        providers = {entry.provider_id for entry in self._encryptor.stored_form(item).entries}
        by_tenant = self._configuration.key_strategy is KeyStrategy.TENANT
        if KMS in providers or not by_tenant:
            encryptor = self._compartment.by_kms
            names = (TENANT_ATTRIBUTE, RECORD_ATTRIBUTE)
            encryptor.decrypt(encryptor.encrypt({name: item[name] for name in names}))
        if BRANCH_KEYS in providers or by_tenant:
            # Not from memory.
            with suppress(BranchKeyItemError, BranchKeyNotFoundError, BranchKeyShreddedError):
                self._compartment.branch_keys.active(item[TENANT_ATTRIBUTE]["S"])

    def _write(self, old: Item, new: Item) -> tuple[float, Item | None]:
        """Put `new` where `old` is; return the write units, and what was found there instead.

        That is None where `new` is there now, and empty where nothing is.
        """
        put: dict[str, Any] = {
            "TableName": self._compartment.store.table,
            "Item": new,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **_unchanged(old),
        }
        try:
            units = self._put_off_branch_key(put) if self._leaves_branch_key(old) else self._put(put)
        except ClientError as error:
            found = _found_instead(error)
            if found is None:
                raise
            # An attempt before may have written it, and its answer was lost.
            ours = bool(found) and found.get(HEADER_NAME) == new[HEADER_NAME]
            return _units(new), None if ours else found
        return units or _units(new), None

    def _put(self, put: dict[str, Any]) -> float:
        answer = self._compartment.store.client.put_item(**put, ReturnConsumedCapacity="TOTAL")
        return float(answer.get("ConsumedCapacity", {}).get("CapacityUnits") or 0)

    def _put_off_branch_key(self, put: dict[str, Any]) -> float:
        """Put an item that no branch key opens any more, only while the tenant is not shredded.

        Without that, a branch key that is still in memory would bring back what was shredded, for good.
        """
        there = {
            "TableName": self._configuration.branch_keys.table,
            "Key": store_key(put["Item"][TENANT_ATTRIBUTE]["S"], ACTIVE),
            "ConditionExpression": "attribute_exists(#id)",
            "ExpressionAttributeNames": {"#id": PARTITION_KEY},
        }
        answer = self._compartment.store.client.transact_write_items(
            TransactItems=[{"Put": put}, {"ConditionCheck": there}],  # type: ignore[typeddict-item]
            ReturnConsumedCapacity="TOTAL",
        )
        return sum(float(used.get("CapacityUnits") or 0) for used in answer.get("ConsumedCapacity", []))

    def _leaves_branch_key(self, old: Item) -> bool:
        if self._configuration.key_strategy is not KeyStrategy.RECORD:
            return False
        entries = self._encryptor.stored_form(old).entries
        return any(entry.provider_id == BRANCH_KEYS for entry in entries)


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


def _refusal_of_table(failure: ClientError) -> Refusal | None:
    """Tell why the table does not take a record, where it is the record's own fault."""
    reasons = [str(reason.get("Code")) for reason in _reasons(failure)]
    if reasons[1:] == ["ConditionalCheckFailed"]:
        return Refusal.SHREDDED
    if error_code(failure) != "ValidationException" and "ValidationError" not in reasons:
        return None
    too_large = problem_of(failure).kind is problems.RECORD_TOO_LARGE
    return Refusal.TOO_LARGE if too_large else Refusal.NOT_ACCEPTED


def _found_instead(error: ClientError) -> Item | None:
    """What lies where an item was to be put, empty where nothing does; None if the condition did hold."""
    if error_code(error) == "ConditionalCheckFailedException":
        return cast("Item", error.response.get("Item") or {})
    for reason in _reasons(error)[:1]:
        if reason.get("Code") == "ConditionalCheckFailed":
            return cast("Item", reason.get("Item") or {})
    return None


def _reasons(error: ClientError) -> list[Mapping[str, Any]]:
    """Why a transaction was cancelled, by its actions."""
    response: Mapping[str, Any] = error.response
    return list(response.get("CancellationReasons") or [])


def _version(entry: EncryptedDataKey) -> str | None:
    try:
        return version_of(entry) if entry.provider_id == BRANCH_KEYS else None
    except EnvelopeError:
        return None


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
