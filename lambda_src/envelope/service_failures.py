"""Tells a failed call of an AWS service from a mistake in a program, without botocore.

botocore is not a dependency of this library, so its exceptions are known by shape.
"""

from collections.abc import Mapping
from typing import Any

#: KMS's way to say that ciphertext, key and encryption context do not belong together.
NOT_AUTHENTIC = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


def answer_of(error: object) -> Mapping[str, Any]:
    """Return what the service answered, empty when there was no answer.

    A broken connection's error has an attribute of that name too, which is None.
    """
    response = getattr(error, "response", None)
    return response if isinstance(response, Mapping) else {}


def error_code(error: Exception) -> str | None:
    """Return the code that the service answered with, or None when there was no such answer."""
    code: str | None = answer_of(error).get("Error", {}).get("Code")
    return code


def is_service_failure(error: Exception) -> bool:
    """Tell whether an exception is a call's failure.

    An error that the service answered carries its code, and every other one (time-outs, no connection, no
    credentials) descends from a class named BotoCoreError.
    """
    if error_code(error) is not None or isinstance(error, OSError):
        return True
    return any(base.__name__ == "BotoCoreError" for base in type(error).__mro__)
