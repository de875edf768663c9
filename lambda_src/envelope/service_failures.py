"""Tells a failed call of an AWS service from a mistake in a program, without botocore.

botocore is not a dependency of this library, so its exceptions are known by shape.
"""

from collections.abc import Mapping

#: KMS's way to say that ciphertext, key and encryption context do not belong together.
NOT_AUTHENTIC = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


def error_code(error: Exception) -> str | None:
    """Return the code that the service answered with, or None when there was no such answer."""
    response = getattr(error, "response", None)
    return response.get("Error", {}).get("Code") if isinstance(response, Mapping) else None


def is_service_failure(error: Exception) -> bool:
    """Tell whether an exception is a call's failure.

    An error that the service answered carries its code, and every other one (time-outs, no connection, no
    credentials) descends from a class named BotoCoreError.
    """
    if error_code(error) is not None or isinstance(error, OSError):
        return True
    return any(base.__name__ == "BotoCoreError" for base in type(error).__mro__)
