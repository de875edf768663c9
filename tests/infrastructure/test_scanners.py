"""What scanners say of the stacks, and that the scan itself cannot be satisfied by an empty run.

cdk-nag and cfn-lint run here; checkov, which has an environment of its own, in `make audit-scan`.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from evidence import __main__ as command
from evidence import cfn_lint, checkov, nag, scan
from evidence.assembly import Assembly
from evidence.findings import Acknowledgement, Finding, Scan, ScanError, judged, require_whole
from evidence.synthesis import DEV, PROD, REPORT_ONLY, VARIANTS, Variant, compose
from stacks.acknowledgements import acknowledge

Scanned = tuple[Scan, Assembly]
ENCRYPTION = {"AwsSolutions-SNS2", "HIPAA.Security-SNSEncryptedKMS", "NIST.800.53.R5-SNSEncryptedKMS"}


@pytest.fixture(scope="module")
def scanned(
    cdk_json: dict[str, dict[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Variant], Scanned]:
    """A variant under cdk-nag; each is made once."""
    made: dict[str, Scanned] = {}

    def of(variant: Variant) -> Scanned:
        if variant.title not in made:
            app = compose(
                variant.environment,
                context={**cdk_json["context"], **REPORT_ONLY},
                target=tmp_path_factory.mktemp("scanned"),
                changes=variant.changes,
            )
            made[variant.title] = nag.scan(app)
        return made[variant.title]

    return of


@pytest.fixture
def app(tmp_path: Path) -> cdk.App:
    """An app with one stack that has nothing in it."""
    empty = cdk.App(context=REPORT_ONLY, outdir=str(tmp_path), analytics_reporting=False)
    cdk.Stack(empty, "Sample")
    return empty


@pytest.fixture
def topic(app: cdk.App) -> sns.Topic:
    """Unencrypted: what scanners must report."""
    (stack,) = [child for child in app.node.children if isinstance(child, cdk.Stack)]
    return sns.Topic(stack, "Topic", enforce_ssl=True)


@pytest.mark.parametrize("variant", [DEV, PROD], ids=lambda variant: variant.title)
def test_cdk_nag_finds_nothing_unexplained(scanned: Callable[[Variant], Scanned], variant: Variant) -> None:
    found, assembly = scanned(variant)
    assert found.resources == len(assembly.resources) > 100
    assert found.findings == ()


@pytest.mark.parametrize("variant", [DEV, PROD], ids=lambda variant: variant.title)
def test_cfn_lint_finds_nothing_unexplained(scanned: Callable[[Variant], Scanned], variant: Variant) -> None:
    _, assembly = scanned(variant)
    found = cfn_lint.scan(assembly)
    assert found.resources == len(assembly.resources) > 100
    assert found.findings == ()


def test_every_choice_that_changes_resources_is_scanned() -> None:
    assert {variant.environment for variant in VARIANTS} == {"dev", "prod"}
    changed = {setting for variant in VARIANTS for setting in variant.changes}
    assert changed >= {"trail", "vpc_cidr", "waf", "code_signing_profile_arn", "api_vpc_endpoints"}


def test_cdk_nag_reports_an_unencrypted_topic(app: cdk.App, topic: sns.Topic) -> None:
    found, _ = nag.scan(app)
    assert {finding.rule for finding in found.findings} >= ENCRYPTION - {"AwsSolutions-SNS2"}
    assert {finding.resource for finding in found.findings} == {"Sample/Topic/Resource"}


def test_what_is_acknowledged_is_no_finding_and_is_shown_with_its_reason(
    app: cdk.App, topic: sns.Topic
) -> None:
    rules = sorted({finding.rule for finding in nag.scan(_twin(app))[0].findings})
    acknowledge(topic, reason="It carries nothing.", nag=rules)
    found, _ = nag.scan(app)
    assert found.findings == ()
    assert {(one.rule, one.reason) for one in found.acknowledged} == {
        (rule, "It carries nothing.") for rule in rules
    }


def test_an_acknowledgement_of_nothing_is_a_finding(app: cdk.App, topic: sns.Topic) -> None:
    acknowledge(topic, reason="Once it was so.", nag=["AwsSolutions-KMS5"], cfn_lint=["W3045"])
    found, assembly = nag.scan(app)
    assert [finding.rule for finding in found.findings if "no longer" in finding.sentence] == [
        "AwsSolutions-KMS5"
    ]
    (stale,) = cfn_lint.scan(assembly).findings
    assert (stale.rule, stale.resource) == ("W3045", "Sample/Topic/Resource")


def test_an_acknowledgement_that_hides_its_reason_is_a_finding(app: cdk.App, topic: sns.Topic) -> None:
    bare = "NIST.800.53.R5-SNSEncryptedKMS"
    cdk.Validations.of(topic.node.default_child).acknowledge(  # type: ignore[arg-type]
        cdk.Acknowledgment(id=bare, reason="cdk-nag drops this sentence.")
    )
    assert f"Annotation::{bare}" in {finding.rule for finding in nag.scan(app)[0].findings}


def test_an_acknowledgement_counts_on_the_resource_alone(app: cdk.App, topic: sns.Topic) -> None:
    rule = "NIST.800.53.R5-SNSEncryptedKMS"
    cdk.Validations.of(cdk.Stack.of(topic)).acknowledge(
        cdk.Acknowledgment(id=f"NIST.800.53.R5::{rule}", reason="Nothing in this stack matters.")
    )
    of_rule = {finding.resource for finding in nag.scan(app)[0].findings if finding.rule == rule}
    assert of_rule == {"Sample", "Sample/Topic/Resource"}


def test_an_empty_app_is_no_clean_app(app: cdk.App) -> None:
    with pytest.raises(ScanError, match="nothing to scan"):
        nag.scan(app)


@pytest.mark.parametrize("scanner", [checkov.scan, cfn_lint.scan])
def test_empty_templates_are_no_clean_templates(app: cdk.App, scanner: Callable[[Assembly], Scan]) -> None:
    with pytest.raises(ScanError, match="nothing to scan"):
        scanner(Assembly(Path(app.synth().directory)))


def test_a_tool_that_passes_resources_by_fails() -> None:
    with pytest.raises(ScanError, match="looked at 1 of 3 resources; it passed by a/b, a/c"):
        require_whole("some-tool", seen=["a/a"], expected=["a/a", "a/b", "a/c"])


def test_an_acknowledgement_needs_a_reason() -> None:
    finding = Finding(tool="tool", rule="R1", resource="a", sentence="wrong")
    silent = Acknowledgement(tool="tool", rule="R1", resource="a", reason=" ")
    (found,) = judged(tool="tool", reported=[finding], acknowledged=[silent])
    assert found.sentence == "acknowledged without a reason"


@pytest.fixture
def templates(app: cdk.App, topic: sns.Topic) -> Assembly:
    """The topic's template, with checkov's rule for it acknowledged, and one that it does not break."""
    acknowledge(topic, reason="It carries nothing.", checkov=["CKV_AWS_26", "CKV_AWS_116"])
    return Assembly(Path(app.synth().directory))


@pytest.fixture
def program(tmp_path: Path) -> Callable[[object], Path]:
    """A scanner that answers what it is told to, with a 1."""

    def answering(report: object) -> Path:
        made = tmp_path / "scanner"
        text = report if isinstance(report, str) else json.dumps(report)
        (tmp_path / "answer").write_text(text)
        made.write_text(f"#!/bin/sh\ncat '{tmp_path}/answer'\necho 'it broke' >&2\nexit 1\n")
        made.chmod(0o755)
        return made

    return answering


def checkov_report(*, resources: int, failed: list[tuple[str, str]]) -> dict[str, object]:
    """What checkov prints: the rules that a form of the template breaks."""
    checks = [
        {
            "check_id": rule,
            "check_name": f"what {rule} wants",
            "file_path": f"/{form}/Sample.template.json",
            "resource": "AWS::SNS::Topic.TopicBFC7AF6E",
        }
        for form, rule in failed
    ]
    return {
        "summary": {"resource_count": resources, "parsing_errors": 0, "checkov_version": "0"},
        "results": {"failed_checks": checks, "parsing_errors": []},
    }


def test_checkovs_stale_acknowledgement_is_a_finding(
    templates: Assembly, program: Callable[[object], Path]
) -> None:
    report = checkov_report(resources=2 * len(templates.resources), failed=[("bare", "CKV_AWS_26")])
    found = checkov.scan(templates, program=program(report))
    assert [(finding.rule, finding.resource) for finding in found.findings] == [
        ("CKV_AWS_116", "Sample/Topic/Resource")
    ]


def test_checkov_must_have_looked_at_everything(
    templates: Assembly, program: Callable[[object], Path]
) -> None:
    with pytest.raises(ScanError, match="looked at 0 of 2 resources"):
        checkov.scan(templates, program=program(checkov_report(resources=0, failed=[])))


@pytest.mark.parametrize("scanner", [checkov.scan, cfn_lint.scan])
def test_a_scanner_that_breaks_or_is_missing_is_an_error(
    templates: Assembly, program: Callable[[object], Path], tmp_path: Path, scanner: Callable[..., Scan]
) -> None:
    with pytest.raises(ScanError, match="gave no report"):
        scanner(templates, program=program(""))
    with pytest.raises(ScanError, match="missing: `make"):
        scanner(templates, program=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        pytest.param([], 0, id="nothing found"),
        pytest.param([Finding(tool="t", rule="r", resource="a", sentence="wrong")], 1, id="a finding"),
        pytest.param(ScanError("checkov is missing"), 2, id="a tool is missing"),
    ],
)
def test_the_exit_code_says_how_it_went(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    outcome: list[Finding] | ScanError,
    code: int,
) -> None:
    def scanning(**_: object) -> Iterator[scan.Result]:
        if isinstance(outcome, ScanError):
            raise outcome
        done = Scan(tool="t", version="1", resources=3, findings=tuple(outcome), acknowledged=())
        yield scan.Result(variant=DEV, resources=3, stacks=1, scans=(done,))

    monkeypatch.setattr(scan, "scan", scanning)
    assert command.main(["scan"]) == code
    printed = capsys.readouterr()
    if code == 2:
        assert printed.err.endswith("evidence: checkov is missing\n")
    else:
        assert "3 of 3" in printed.out
        assert f"{code} finding" in printed.out
        assert ("r at a" in printed.out) == bool(code)


def _twin(app: cdk.App) -> cdk.App:
    """An app like the fixture's, to be scanned before it: an app is synthesized once."""
    twin = cdk.App(context=REPORT_ONLY, outdir=str(Path(app.outdir) / "twin"), analytics_reporting=False)
    sns.Topic(cdk.Stack(twin, "Sample"), "Topic", enforce_ssl=True)
    return twin
