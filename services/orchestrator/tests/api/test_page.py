"""The demonstration page holds together: its files, the ids they name, its colours. A browser shows what it does."""

import re
from pathlib import Path
from typing import get_args

import pytest

from orchestrator.api import demo

PAGE = Path(demo.__file__).parent / "page"
SCRIPTS = sorted(PAGE.glob("*.js"))
#: WCAG AA: text of normal size, and the edges of what can be written into.
TEXT, EDGE = 4.5, 3.0
SEEN_TOGETHER = [
    *((ink, on, TEXT) for ink in ("ink", "soft") for on in ("page", "paper", "mine", "card")),
    *((ink, on, TEXT) for ink in ("green", "alert") for on in ("page", "paper", "card")),
    ("on-green", "green", TEXT), ("edge", "page", EDGE), ("edge", "paper", EDGE), ("edge", "card", EDGE),
    ("green", "page", EDGE),
]  # fmt: skip


def _themes() -> list[dict[str, str]]:
    """The custom properties of the light and of the dark theme."""
    blocks = re.findall(r":root \{(.*?)\}", (PAGE / "page.css").read_text(), re.DOTALL)
    return [dict(re.findall(r"--([a-z-]+): #([0-9a-f]{6});", block)) for block in blocks]


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_every_file_of_the_page_is_served_and_no_other() -> None:
    assert set(get_args(demo.Asset)) == {file.name for file in PAGE.iterdir()} - {"index.html"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_imports_what_exists_and_names_ids_that_exist(script: Path) -> None:
    source, page = script.read_text(), (PAGE / "index.html").read_text()
    for names, other in re.findall(r'import \{([^}]+)\} from "\./([a-z]+\.js)"', source):
        exported = set(re.findall(r"^export (?:async )?(?:class|function\*?) (\w+)", (PAGE / other).read_text(), re.M))
        assert {name.strip() for name in names.split(",")} <= exported
    assert set(re.findall(r'\$\("([a-z]+)"\)', source)) <= set(re.findall(r'\bid="([a-z]+)"', page))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_text_of_others_never_becomes_markup(script: Path) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", script.read_text())


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "on", "least"), SEEN_TOGETHER)
def test_colours_can_be_told_apart(theme: int, ink: str, on: str, least: float) -> None:
    colours = _themes()[theme]
    assert _contrast(colours[ink], colours[on]) >= least


def test_what_is_read_out_and_what_is_pressed_is_there_for_everybody() -> None:
    page, style = (PAGE / "index.html").read_text(), (PAGE / "page.css").read_text()
    assert re.search(r'id="announcer"[^>]*aria-live="polite"', page)
    for area in ("button", "fieldset span", "#approvals input"):
        rule = re.search(rf"^{area} \{{(.*?)\}}", style, re.DOTALL | re.MULTILINE)
        assert rule, area
        assert "min-height: 2.75rem" in rule[1], area
