"""What a function's process begins with: only the function's own paths, and no life after its parent.

Run with ``python -I -S child.py awslambdaric|loop PATH...`` (isolated, without site-packages), so that a
function sees what it would see in Lambda: its package, its dependencies, the runtime client. The parent holds
the other end of standard input; the system closes it even when the parent is killed.
"""

import os
import sys
import threading
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Become the runtime that ``arguments`` name."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    runtime, *paths = arguments
    sys.path[:0] = paths
    os.chdir(os.environ["LAMBDA_TASK_ROOT"])
    if runtime == "awslambdaric":
        from awslambdaric.__main__ import main as run  # type: ignore[import-untyped]  # noqa: PLC0415

        run(["awslambdaric", os.environ["_HANDLER"]])
    else:
        sys.path.append(str(Path(__file__).resolve().parent))
        import loop  # type: ignore[import-not-found]  # noqa: PLC0415

        loop.run(os.environ["_HANDLER"], api=os.environ["AWS_LAMBDA_RUNTIME_API"])


def _end_with_the_parent() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
