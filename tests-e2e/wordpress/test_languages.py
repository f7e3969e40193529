"""The plugin speaks its user's language, and no text can come without its translations."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .plugin import ROOT
from .site import Site

_SAID = "<?php\nreturn {};\n"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    copy = tmp_path / "wordpress-plugin"
    shutil.copytree(ROOT / "wordpress-plugin", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def checked(sources: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(sources / "translations.py"), "--check"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.e2e
@pytest.mark.asyncio(loop_scope="session")
async def test_a_site_in_german_has_german_texts(wordpress: Site) -> None:
    # WordPress takes a language only when it has one of its own files in it.
    core = wordpress.files / "wp-content" / "languages"
    core.mkdir(exist_ok=True)
    (core / "de_DE.l10n.php").write_text("<?php return ['messages' => []];\n", "utf-8")
    (core / "de_DE.mo").touch()
    await wordpress.option("WPLANG", "de_DE")
    try:
        said = await wordpress.run(
            "return [__('Approvals', 'aiguy-chat'), sprintf(_n('%s waits', '%s wait', 2, 'aiguy-chat'), '2')];"
        )
    finally:
        await wordpress.option("WPLANG", None)
        shutil.rmtree(core)
    assert said == ["Freigaben", "2 warten"]


def test_all_texts_are_translated(sources: Path) -> None:
    assert (checked(sources).returncode, checked(sources).stderr) == (0, "")


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("__('A text that nobody has translated.', 'aiguy-chat')", "no translation of 'A text that nobody"),
        ("__('Put ' . 'together', 'aiguy-chat')", "Put"),
        ("__('Approvals', 'another-domain')", "has another domain"),
        ("_n('%s new', '%s new ones', count([1, 2]), 'aiguy-chat')", "no translation of '%s new'"),
    ],
)
def test_a_new_text_without_its_translation_is_found(sources: Path, code: str, complaint: str) -> None:
    (sources / "src" / "Fresh.php").write_text(_SAID.format(code), "utf-8")
    told = checked(sources)
    assert told.returncode == 1
    assert complaint in told.stderr


def test_a_placeholder_that_was_lost_is_found(sources: Path) -> None:
    file = sources / "languages" / "aiguy-chat-de_DE.po"
    file.write_text(file.read_text("utf-8").replace("Neues Ticket %s.", "Neues Ticket."), "utf-8")
    assert "other placeholders than in 'New ticket %s.'" in checked(sources).stderr
