"""`python -m evidence`: what a security reviewer asks for.

Exit codes: 0 when nothing is found, 1 with findings, 2 when it could not be found out.
"""

import argparse
import sys

from evidence.findings import ScanError


def parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    top = argparse.ArgumentParser(prog="python -m evidence", description="Evidence for a security reviewer.")
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "scan",
        help="run cdk-nag, checkov and cfn-lint over every environment",
        description="Synthesize dev, prod and prod's variants, and run cdk-nag (packs AwsSolutions, "
        "NIST 800-53 R5, HIPAA Security, PCI DSS 3.2.1), checkov and cfn-lint over them. Prints how many "
        "resources each looked at, the findings, and what is acknowledged and why. Exit code 0 without "
        "findings, 1 with, 2 when a tool is missing or failed.",
    )
    controls = commands.add_parser(
        "controls",
        help="write docs/controls.md",
        description="Write docs/controls.md: per framework each control, the resources, how it is met, and "
        "the proof. Exit code 2 when a test, a resource or an acknowledgement that it names does not exist.",
    )
    controls.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if the page is not up to date"
    )
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    chosen = parser().parse_args(arguments)
    return _scan() if chosen.command == "scan" else _controls(check=chosen.check)


def _scan() -> int:
    # Imported late: `--help` need not wait for the CDK.
    from evidence import printing, scan  # noqa: PLC0415

    terminal = printing.console(stderr=True)
    try:
        with terminal.status("starting", spinner="line") as status:
            results = list(scan.scan(progress=status.update))
    except ScanError as error:
        print(f"evidence: {error}", file=sys.stderr)
        return 2
    return 1 if printing.show(results, to=printing.console()) else 0


def _controls(*, check: bool) -> int:
    from evidence.controls import document  # noqa: PLC0415
    from evidence.controls.catalogue import CatalogueError  # noqa: PLC0415

    try:
        page = document.synthesized()
    except CatalogueError as error:
        print(f"evidence: {error}", file=sys.stderr)
        return 2
    known = document.FILE.read_text() if document.FILE.exists() else ""
    if check and known != page:
        print(f"evidence: {document.FILE} is not up to date: run `make controls`", file=sys.stderr)
    if not check:
        document.FILE.write_text(page)
    return int(check and known != page)


if __name__ == "__main__":
    sys.exit(main())
