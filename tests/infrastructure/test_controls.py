"""docs/controls.md is what the stacks are, and its generator believes no claim without a proof."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from evidence import assembly as cloud
from evidence.controls import catalogue, document, proofs
from evidence.controls.catalogue import CatalogueError, Control, Framework, Measure
from evidence.controls.proofs import Production
from evidence.synthesis import PROD, PROD_IN_VPC
from tests.infrastructure.assembly import Assembly

TEST = "tests/infrastructure/test_controls.py::test_the_page_is_up_to_date"


@pytest.fixture
def production(prod: Assembly) -> Production:
    return Production(cloud.Assembly(prod.directory), variant=PROD)


@pytest.fixture
def in_vpc(changed: Callable[..., Assembly]) -> Production:
    made = changed(PROD_IN_VPC.environment, **PROD_IN_VPC.changes)
    return Production(cloud.Assembly(made.directory), variant=PROD_IN_VPC)


def measure(name: str = "sample", **members: object) -> Measure:
    """Return a measure without fault, but for what is given."""
    sound = Measure(
        name=name,
        title="Sample",
        resources=("AWS::KMS::Key",),
        setting=None,
        how="By doing it.",
        tests=(TEST,),
        rules=(),
        acknowledged=(),
        owner="",
    )
    return replace(sound, **members)  # type: ignore[arg-type]


def framework(*names: str) -> Framework:
    """Return a framework of one control, which asks for these measures."""
    return Framework(
        title="List", short="L", note="", controls=(Control(number="1", title="One", measures=names),)
    )


def faults(*measures: Measure, asking: Framework, production: Production | None = None) -> str:
    with pytest.raises(CatalogueError) as caught:
        proofs.require_proofs(
            {one.name: one for one in measures},
            frameworks=[asking],
            packs=catalogue.packs(),
            production=[production] if production else [],
            tests=proofs.known_tests(),
        )
    return str(caught.value)


def test_the_page_is_up_to_date(production: Production, in_vpc: Production) -> None:
    page = document.document(production=production, in_vpc=in_vpc)
    assert document.FILE.read_text() == page, "run `make controls` and read the difference"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        pytest.param(
            {"tests": ("tests/infrastructure/test_keys.py::test_nothing",)},
            "there is no test tests/infrastructure/test_keys.py::test_nothing",
            id="a test that does not exist",
        ),
        pytest.param({"rules": ("MoonPhase",)}, "no rule MoonPhase", id="a rule that does not exist"),
        pytest.param({"tests": ()}, "nothing proves it", id="no proof at all"),
        pytest.param({"how": ""}, "not what is done", id="resources without a deed"),
        pytest.param(
            {"acknowledged": ("CKV_AWS_0",)}, "CKV_AWS_0 is acknowledged nowhere", id="no acknowledgement"
        ),
    ],
)
def test_a_claim_without_proof_is_refused(fault: dict[str, object], sentence: str) -> None:
    assert sentence in faults(measure(**fault), asking=framework("sample"))  # type: ignore[arg-type]


def test_a_control_needs_measures_that_exist() -> None:
    assert "List 1: there is no measure other" in faults(measure(), asking=framework("sample", "other"))


def test_a_measure_that_nobody_asks_for_is_refused() -> None:
    found = faults(measure(), measure("idle"), asking=framework("sample"))
    assert found == "measure idle: no control asks for it"


def test_every_acknowledged_rule_of_a_framework_is_listed(production: Production) -> None:
    found = faults(measure(), asking=framework("sample"), production=production)
    assert "HIPAA.Security-LambdaDLQ is acknowledged in prod, but no measure lists it" in found


@pytest.mark.parametrize("resource", ["AWS::RDS::DBInstance", "AWS::KMS::Key Keys/MasterKey"])
def test_a_resource_must_be_in_the_stacks(production: Production, resource: str) -> None:
    with pytest.raises(CatalogueError, match="measure sample: prod has no AWS::"):
        production.of(measure(resources=(resource,)))


def test_resources_are_named_by_stack_and_construct(production: Production) -> None:
    assert production.of(measure()) == {
        "AWS::KMS::Key": ["Keys/AuditKey", "Keys/EnvelopeKey", "Keys/StorageKey"]
    }


def test_the_control_ids_of_a_rule_come_from_cdk_nag() -> None:
    (rule,) = [
        one for one in catalogue.packs()["HIPAA.Security"] if "CloudTrailEncryptionEnabled" in one.names
    ]
    assert rule.implemented
    assert "cloud-trail-encryption-enabled" in rule.names
    assert rule.controls == ("164.312(a)(2)(iv)", "164.312(e)(2)(ii)")
