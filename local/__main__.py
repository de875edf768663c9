"""``python -m local``: the embedded AWS from the command line."""

import argparse
import sys
from pathlib import Path

EXAMPLES = """examples:
  python -m local up                 deploy, serve, say how to call it; Ctrl-C stops it
  python -m local up --env prod      the same with the settings of prod
  python -m local status             what runs, and how often KMS was asked
  python -m local reset              empty everything and deploy anew
  python -m local change key_strategy=tenant
                                     deploy with settings changed, while it serves; what is stored stays
  python -m local down               stop it from another terminal
  python -m local demo               store, read and attack real records, and say what happened

exit codes: 0 done, 1 failed, 2 wrong usage, 3 not as asked (nothing runs, or one runs already)
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m local",
        description="The deployed application on this machine: no AWS account, no Docker, loopback only.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--state", metavar="DIR", help="state directory (default: $LOCAL_STATE, or .local in the project)"
    )
    deploying = argparse.ArgumentParser(add_help=False)
    deploying.add_argument("--env", default="dev", help="environment of cdk.json to deploy (default: dev)")
    deploying.add_argument(
        "--runtime",
        choices=("auto", "awslambdaric", "loop"),
        default="auto",
        help="what runs the functions (default: AWS's awslambdaric where it is installed)",
    )
    commands.add_parser("up", parents=[common, deploying], help="deploy and serve until stopped")
    commands.add_parser("down", parents=[common], help="stop the one that runs")
    commands.add_parser("status", parents=[common], help="say what runs")
    commands.add_parser("reset", parents=[common], help="empty all state")
    changing = commands.add_parser("change", parents=[common], help="deploy with settings changed")
    changing.add_argument(
        "settings",
        nargs="+",
        metavar="NAME=VALUE",
        type=_assignment,
        help="of cdk.json; the value is JSON or text",
    )
    commands.add_parser("demo", parents=[deploying], help="show the whole of it in one screen")
    return top


def _assignment(text: str) -> str:
    if not text.partition("=")[0].isidentifier() or "=" not in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return text


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    chosen = parser().parse_args(arguments)
    # Imported late: `--help` need not wait for the emulator.
    if chosen.command == "demo":
        from local.demo import run  # noqa: PLC0415

        return run(environment=chosen.env, runtime=chosen.runtime)
    from local import commands, state  # noqa: PLC0415

    try:
        return _of_the_directory(chosen, directory=state.chosen(chosen.state))
    except state.UnusableError as error:
        print(error, file=sys.stderr)
        return commands.FAILED


def _of_the_directory(chosen: argparse.Namespace, *, directory: Path) -> int:
    from local import commands  # noqa: PLC0415

    if chosen.command == "up":
        return commands.up(directory, environment=chosen.env, runtime=chosen.runtime)
    if chosen.command == "down":
        return commands.down(directory)
    if chosen.command == "status":
        return commands.status(directory)
    if chosen.command == "change":
        return commands.change(directory, chosen.settings)
    return commands.reset(directory)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
