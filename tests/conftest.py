"""Which tests share a process when several run side by side: those of one machine, one synthesis or file."""

import pytest
from xdist.scheduler import LoadScopeScheduling

#: By the first that fits. The embedded AWS keeps its state in modules: a process has room for one at a time,
#: and its last tests look back on all others. The templates are synthesized once.
_TOGETHER = {
    "tests/local/test_embedded_commands.py": "commands",
    "tests/local/": "embedded",
    "tests/interop/": "synthesized",
    "tests/infrastructure/": "synthesized",
}


class ByWhatTheyNeed(LoadScopeScheduling):
    """Hands out the tests in the groups above."""

    def _split_scope(self, nodeid: str) -> str:
        """Name the group of a test."""
        shared = (group for place, group in _TOGETHER.items() if nodeid.startswith(place))
        return next(shared, nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByWhatTheyNeed:
    """Replace the scheduler that xdist would take."""
    return ByWhatTheyNeed(config, log)
