"""The docs name what the code has: every problem type and every setting, and no other."""

import json
import re
from pathlib import Path

from service import problems
from service.problems import ProblemType
from stacks.gateway_responses import ANSWERS

ROOT = Path(__file__).parents[2]
API = (ROOT / "docs" / "api.md").read_text()
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
    pages = [*ROOT.glob("*.md"), *(page for room in ROOMS for page in (ROOT / room).rglob("*.md"))]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert pages
    assert broken == []
