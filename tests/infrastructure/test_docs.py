"""The docs name what the code has: every problem type and every setting, and no other."""

import json
import re
from pathlib import Path

from service import problems
from service.problems import ProblemType
from stacks.audit_catalogue import ALARMS
from stacks.gateway_responses import ANSWERS

ROOT = Path(__file__).parents[2]
API = (ROOT / "docs" / "api.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = ("docs", "examples", "lambda_src", "local", "tests")
README = (ROOT / "README.md").read_text()


def test_every_problem_type_is_documented_with_its_status() -> None:
    documented = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}|as given) \|", API, re.MULTILINE))
    of_functions = {
        kind.slug: str(kind.status) for kind in vars(problems).values() if isinstance(kind, ProblemType)
    }
    of_gateway = {answer.slug: str(answer.status or "as given") for answer in ANSWERS}
    assert documented == of_gateway | of_functions


def test_every_setting_is_documented() -> None:
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \| .* \| .* \| .* \| .* \|$", README, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    environments = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]
    assert documented == set(environments["dev"]) == set(environments["prod"])


def test_links_between_documents_lead_somewhere() -> None:
    rooms = (
        page for room in ROOMS for page in (ROOT / room).rglob("*.md") if "node_modules" not in page.parts
    )
    pages = [*ROOT.glob("*.md"), *rooms]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert pages
    assert broken == []


def test_every_alarm_has_its_runbook() -> None:
    headings = re.findall(r"^### ([a-z0-9-]+)$", OPERATIONS, re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert set(headings) == set(ALARMS)


def test_every_named_query_is_explained() -> None:
    queries = {path.stem for path in (ROOT / "stacks" / "queries").glob("*.sql")}
    assert set(re.findall(r"^\| `([a-z-]+)` \| ", OPERATIONS, re.MULTILINE)) == queries


def test_every_test_that_the_documents_name_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", "".join(page.read_text() for page in DOCS)))
    assert len(named) > 20
    missing = [f"{path}::{test}" for path, test in named if f"def {test}(" not in (ROOT / path).read_text()]
    assert missing == []


def test_links_within_the_runbooks_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", OPERATIONS, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([a-z0-9-]+)\)", OPERATIONS)) <= headings
