"""On what was measured: the machine, and the version of everything that took part."""

import os
import platform
import ssl
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cryptography.hazmat.backends.openssl import backend

_PACKAGES = (
    "cryptography",
    "boto3",
    "botocore",
    "aws-encryption-sdk",
    "aws-cryptographic-material-providers",
    "dynamodb-encryption-sdk",
    "tink",
    "asherah",
)
_CPU_INFO = Path("/proc/cpuinfo")


def machine() -> dict[str, str]:
    """Return what the machine is, without its name."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def versions() -> dict[str, str]:
    """Return the versions of interpreter, OpenSSL and packages."""
    return {
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "OpenSSL of Python": ssl.OPENSSL_VERSION,
        "OpenSSL of cryptography": backend.openssl_version_text(),
        **{name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    """Return the processor's name, which Python itself knows on some systems only."""
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
