"""The documents are true: every path, link, make target, command and setting that they name exists."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from onebox.ports import DEFAULT_PORTS, DOOR_NUMBERS, GATEWAY

ROOT = Path(__file__).resolve().parents[1]
IGNORED = {".venv", ".uv", "node_modules", "var", ".git"}
DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not IGNORED & set(path.relative_to(ROOT).parts)
    and (path.name in {"README.md", "CONTRIBUTING.md"} or path.parent.name in {"decisions", "runbooks"})
)
#: What commands make; a fresh checkout has none of it.
MADE = ("var/", ".venv/", "bench-results/")
#: Parts of the tree that a path in backticks begins with; anything else with a slash is not meant as a path.
TOP = {path.name for path in ROOT.iterdir()}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"^\.?[\w.-]+(/[\w.-]+)*/?$")
MAKE = re.compile(r"\bmake ([a-z][a-z0-9-]*[a-z])\b")
MODULE = re.compile(r"python -m ([\w.]+)")
SCRIPT = re.compile(r"\.venv/bin/(\w[\w-]*)")
AIGUY = re.compile(r"\baiguy ([a-z]+)(?: ([a-z]+))?\b")
SETTING = re.compile(r"\bAIGUY_[A-Z0-9_]+\b")


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code_in(document: Path) -> Iterator[str]:
    """Code spans and the lines of code blocks."""
    text = document.read_text(encoding="utf-8")
    for block in BLOCK.findall(text):
        yield from block.splitlines()
    yield from CODE.findall(BLOCK.sub("", text))


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_there_are_documents_to_check() -> None:
    assert {ROOT / "README.md", ROOT / "CONTRIBUTING.md"} <= set(DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = [target for target in LINK.findall(document.read_text()) if "://" not in target]

    dead = [target for target in targets if not (document.parent / target.partition("#")[0]).exists()]

    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_every_path_exists(document: Path) -> None:
    text = BLOCK.sub("", document.read_text())
    paths = {span for span in CODE.findall(text) if PATH.match(span) and span.split("/")[0] in TOP and "/" in span}
    beside = {span for span in CODE.findall(text) if re.fullmatch(r"[\w-]+/|[\w-]+\.(py|md|yaml|sql)", span)}

    dead = [path for path in paths if not (ROOT / path).exists() and not path.startswith(MADE)]
    # A bare name is a file beside the document, or one of the top, or the name of a file that several services have.
    places = (document.parent, ROOT)
    dead += [
        name
        for name in beside
        if name not in MADE
        and not any((place / name).exists() for place in places)
        and not list(ROOT.glob(f"*/**/{name}"))
    ]

    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_every_make_target_exists(document: Path) -> None:
    named = {target for line in code_in(document) for target in MAKE.findall(line)}

    assert named <= make_targets()


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_every_module_that_is_run_exists(document: Path) -> None:
    named = {module for line in code_in(document) for module in MODULE.findall(line)}

    assert [module for module in sorted(named) if importlib.util.find_spec(module) is None] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_every_program_of_the_environment_exists(document: Path) -> None:
    named = {name for line in code_in(document) for name in SCRIPT.findall(line)}

    assert [name for name in sorted(named) if not (ROOT / ".venv" / "bin" / name).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_every_aiguy_command_exists(document: Path) -> None:
    cli = importlib.import_module("onebox.cli")
    commands = typer.main.get_group(cli.app).commands
    for line in code_in(document):
        for name, below in AIGUY.findall(line):
            assert name in commands, line
            if isinstance(commands[name], click.Group):
                assert below in commands[name].commands, line


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_every_setting_is_read_by_something(document: Path, known_settings: set[str]) -> None:
    named = set(SETTING.findall(document.read_text()))

    assert {
        name for name in named if name.removesuffix("_FILE") not in known_settings and name not in known_settings
    } == set()


@pytest.fixture(scope="module")
def known_settings() -> set[str]:
    """Fields of the services' settings, as variables; what Compose, onebox, load tests and the door read by name."""
    known: set[str] = set()
    for service in ("orchestrator", "orders", "billing", "tickets", "retrieval"):
        fields = importlib.import_module(f"{service}.settings").Settings.model_fields
        known |= {f"AIGUY_{name.upper()}" for name in fields}
    known |= {f"AIGUY_{name.upper().replace('-', '_')}_PORT" for name in (*DEFAULT_PORTS, GATEWAY, DOOR_NUMBERS)}
    known |= set(re.findall(r"\$\{(AIGUY_\w+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    for folder in ("services/onebox/src", "services/servicekit/src", "loadtests"):
        for file in (ROOT / folder).rglob("*.py"):
            known |= set(SETTING.findall(file.read_text(encoding="utf-8")))
    for file in (ROOT / "gateway").rglob("*.conf"):
        known |= set(SETTING.findall(file.read_text(encoding="utf-8")))
    return known


def test_continuous_integration_runs_the_command_of_the_readme() -> None:
    commands = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.startswith("make")]

    assert commands == ["make test"]
    assert "make test" in (ROOT / "README.md").read_text()


def test_make_alone_lists_every_target() -> None:
    described = set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert described == make_targets()
    assert described >= {"help", "setup", "check", "test", "demo", "up", "chat", "bench", "prove-refunds", "contracts"}
