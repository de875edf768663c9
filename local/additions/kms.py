"""KMS: what the record format relies on behaves as in AWS.

- The encryption context is bound unambiguously. moto joins names and values without delimiters, so that
  ``{"a": "b"}`` would open what was sealed under ``{"ab": ""}``.
- A key that is disabled or awaits deletion does no cryptography.
- Decrypt and ReEncrypt that name another key than the one that sealed are IncorrectKeyException.
- Policy, rotation period and state of a deployed key can be read back; rotations on demand are listed and
  limited. moto judges DescribeKey by Deny
  statements without their conditions; here key policies are kept and not evaluated.
- Operations that take a key's ARN take it.
"""

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms import responses, utils
from moto.kms.models import Key, KmsBackend
from moto.kms.responses import KmsResponse

from local.additions.cloudformation import Properties, Where, extend, truth
from local.additions.stack_updates import changeable

_DEFAULT_ROTATION_DAYS = 365
_KEY_ID_BYTES = 36
_DAY = 24 * 60 * 60
# "You can perform on-demand rotation a maximum of 25 times for each KMS key."
_MOST_ROTATIONS = 25


def install() -> None:
    """Change moto's KMS."""
    extend(Key, _properties)
    changed = ("KeyPolicy", "EnableKeyRotation", "RotationPeriodInDays")
    changeable("AWS::KMS::Key", *changed, apply=_properties)
    utils._serialize_encryption_context = encryption_context_bytes
    for operation in ("encrypt", "generate_data_key", "generate_mac", "sign"):
        _only_with_enabled_key(operation)
    for operation in ("disable_key", "enable_key", "schedule_key_deletion", "cancel_key_deletion"):
        _by_arn_too(operation)
    responses.validate_policy = _evaluate_nothing  # type: ignore[attr-defined]
    _decrypt_with_the_named_key()
    _re_encrypt_from_the_named_key()
    _rotation_status()


def encryption_context_bytes(encryption_context: dict[str, str]) -> bytes:
    """Serialize an encryption context so that no two contexts give the same bytes."""
    return json.dumps(encryption_context, sort_keys=True, separators=(",", ":")).encode()


def _properties(key: Key, properties: Properties, _where: Where) -> None:
    policy = properties.get("KeyPolicy")
    if not isinstance(policy, str):
        # The template has an object. Every call of the API gives and takes text.
        key.policy = json.dumps(policy)
    key.key_rotation_status = truth(properties.get("EnableKeyRotation", False))
    if "RotationPeriodInDays" in properties:
        key.rotation_period_days = int(properties["RotationPeriodInDays"])  # type: ignore[attr-defined]
    if not truth(properties.get("Enabled", True)):
        key.enabled, key.key_state = False, "Disabled"


def _require_enabled(key: Key) -> None:
    if key.key_state == "Disabled":
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    if key.key_state != "Enabled":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is {key.key_state}.")


def _only_with_enabled_key(operation: str) -> None:
    original: Callable[..., Any] = getattr(KmsBackend, operation)

    def checked(self: KmsBackend, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        key = self.keys.get(self.any_id_to_key_id(kwargs["key_id"]))
        if key is not None:
            _require_enabled(key)
        return original(self, *args, **kwargs)

    setattr(KmsBackend, operation, checked)


def _evaluate_nothing(key: Key, action: str) -> None:
    """Let everyone describe a key."""


def _by_arn_too(operation: str) -> None:
    original: Callable[..., Any] = getattr(KmsBackend, operation)

    def resolved(self: KmsBackend, key_id: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return original(self, self.get_key_id(key_id), *args, **kwargs)

    setattr(KmsBackend, operation, resolved)


def _sealing_key(backend: KmsBackend, ciphertext_blob: bytes, *, named: str | None) -> Key:
    """Return the key that sealed a ciphertext, which must be the one that the request names."""
    # moto begins a ciphertext with the id of the key; anything else is no ciphertext of its own.
    sealed_by = backend.keys.get(ciphertext_blob[:_KEY_ID_BYTES].decode("ascii", "replace"))
    if sealed_by is None:
        raise JsonRESTError("InvalidCiphertextException", "")
    if named is not None and backend.any_id_to_key_id(named) != sealed_by.id:
        message = "The key ID in the request does not identify a CMK that can perform this operation."
        raise JsonRESTError("IncorrectKeyException", message)
    return sealed_by


def _decrypt_with_the_named_key() -> None:
    original = KmsBackend.decrypt

    def decrypt(
        self: KmsBackend,
        ciphertext_blob: bytes,
        encryption_context: dict[str, str],
        key_id: str | None = None,
    ) -> tuple[bytes, str]:
        sealed_by = _sealing_key(self, ciphertext_blob, named=key_id)
        _require_enabled(sealed_by)
        return original(
            self, ciphertext_blob=ciphertext_blob, encryption_context=encryption_context, key_id=sealed_by.id
        )

    KmsBackend.decrypt = decrypt  # type: ignore[method-assign]


def _re_encrypt_from_the_named_key() -> None:
    original = KmsResponse.re_encrypt

    def re_encrypt(self: KmsResponse) -> str:
        named = self._get_param("SourceKeyId")
        if named is not None:
            self._validate_key_id(named)
            _sealing_key(self.kms_backend, self._get_param("CiphertextBlob"), named=named)
        return original(self)

    KmsResponse.re_encrypt = re_encrypt  # type: ignore[method-assign]


def _rotation_status() -> None:
    enable, rotate = KmsResponse.enable_key_rotation, KmsBackend.rotate_key_on_demand

    def enable_key_rotation(self: KmsResponse) -> str:
        answer = enable(self)
        key = self.kms_backend.keys[self.kms_backend.get_key_id(self._get_param("KeyId"))]
        period = self._get_param("RotationPeriodInDays")
        if period is not None:
            key.rotation_period_days = int(period)  # type: ignore[attr-defined]
        return answer

    def get_key_rotation_status(self: KmsResponse) -> str:
        key_id = self._get_param("KeyId")
        self._validate_cmk_id(key_id)
        key = self.kms_backend.keys[self.kms_backend.get_key_id(key_id)]
        status: dict[str, Any] = {"KeyId": key.arn, "KeyRotationEnabled": key.key_rotation_status}
        if key.key_rotation_status:
            days = getattr(key, "rotation_period_days", _DEFAULT_ROTATION_DAYS)
            status["RotationPeriodInDays"] = days
            status["NextRotationDate"] = float(key.creation_date) + days * _DAY
        return json.dumps(status)

    def rotate_key_on_demand(self: KmsBackend, key_id: str) -> str:
        key = self.keys[self.get_key_id(key_id)]
        _require_enabled(key)
        if len(key.rotations) >= _MOST_ROTATIONS:
            raise JsonRESTError("LimitExceededException", f"{key.arn} was rotated on demand too often.")
        return rotate(self, key_id=key.arn)

    KmsResponse.enable_key_rotation = enable_key_rotation  # type: ignore[method-assign]
    KmsBackend.rotate_key_on_demand = rotate_key_on_demand  # type: ignore[method-assign]
    KmsResponse.get_key_rotation_status = get_key_rotation_status  # type: ignore[method-assign]
