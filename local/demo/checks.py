"""What the demonstration checked, told line by line."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Checks:
    """What was checked, and what of it did not hold."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)

    def that(self, holds: bool, text: str) -> None:  # noqa: FBT001
        """Note one check and print it."""
        print(f"  {'ok ' if holds else 'NOT'} {text}", flush=True)
        if holds:
            self.passed += 1
        else:
            self.failed.append(text)
