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
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser().parse_args(arguments)
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


if __name__ == "__main__":
    sys.exit(main())
