"""moto looks on disk which services it has, at every request; here it does so once."""

from functools import cache

from moto import backends


def install() -> None:
    """Remember what was found: a quarter of the emulator's time went into it."""
    original = backends.list_of_moto_modules

    @cache
    def list_of_moto_modules() -> tuple[str, ...]:
        return tuple(original())

    backends.list_of_moto_modules = list_of_moto_modules
