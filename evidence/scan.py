"""All scanners over all variants, and what it comes to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence import cfn_lint, checkov, nag
from evidence.findings import Scan
from evidence.synthesis import REPORT_ONLY, VARIANTS, Variant, cdk_context, compose


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the scanners say of one variant."""

    variant: Variant
    resources: int
    stacks: int
    scans: tuple[Scan, ...]


def scan(
    variants: Sequence[Variant] = VARIANTS, *, progress: Callable[[str], None] = lambda _: None
) -> Iterable[Result]:
    """Synthesize and scan, one variant after the other.

    Parameters
    ----------
    variants
        What to scan.
    progress
        Is told what happens next.

    Raises
    ------
    ScanError
        If a tool cannot do its work.
    """
    for variant in variants:
        with TemporaryDirectory(prefix="assembly-") as name:
            progress(f"{variant.title}: synthesizing under cdk-nag")
            app = compose(
                variant.environment,
                context={**cdk_context(), **REPORT_ONLY},
                target=Path(name),
                changes=variant.changes,
            )
            of_nag, assembly = nag.scan(app)
            progress(f"{variant.title}: checkov")
            of_checkov = checkov.scan(assembly)
            progress(f"{variant.title}: cfn-lint")
            of_cfn_lint = cfn_lint.scan(assembly)
            yield Result(
                variant=variant,
                resources=len(assembly.resources),
                stacks=len(assembly.templates),
                scans=(of_nag, of_checkov, of_cfn_lint),
            )
