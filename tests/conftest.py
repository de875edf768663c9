"""Which tests share a process when several run side by side: those of one machine, one synthesis or file."""

from functools import cache

import botocore.loaders
import botocore.session
import pytest
from xdist.scheduler import LoadScopeScheduling

# A botocore session reads each service's description from disk, a fifth of a second for each client; the
# tests make hundreds of them. Here all sessions of a process share what was read.
botocore.session.create_loader = cache(botocore.loaders.create_loader)

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
