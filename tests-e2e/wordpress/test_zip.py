"""The plugin's zip holds what a site needs, and is the same whenever it is built."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_BUILD = _ROOT / "wordpress-plugin" / "build.py"


def _built(target: Path) -> Path:
    subprocess.run([sys.executable, str(_BUILD), str(target)], check=True, capture_output=True)
    return target


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built(tmp_path_factory.mktemp("zip") / "one.zip")


def _is_code(name: str) -> bool:
    """Translations are lists of texts, which do nothing when they are opened."""
    return name.endswith(".php") and not name.endswith(".l10n.php")


def test_it_is_the_same_every_time(packed: Path, tmp_path: Path) -> None:
    assert _built(tmp_path / "two.zip").read_bytes() == packed.read_bytes()


def test_it_holds_the_plugin_and_the_chat_and_nothing_of_its_making(packed: Path) -> None:
    names = set(zipfile.ZipFile(packed).namelist())
    assert {f"aiguy-chat/{name}" for name in ("aiguy-chat.php", "uninstall.php", "readme.txt", "LICENSE")} <= names
    assert {"aiguy-chat/assets/aiguy-chat.js", "aiguy-chat/blocks/chat/block.json"} <= names
    assert all(name.startswith("aiguy-chat/") for name in names)
    assert not [name for name in names if name.endswith((".py", ".xml", ".ts", ".md"))]


def test_every_php_file_ends_when_it_is_opened_by_itself(packed: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist() if _is_code(name)}
    guards = ("defined('ABSPATH')", "defined('WP_UNINSTALL_PLUGIN')")
    assert not [name for name, text in files.items() if not any(guard in text for guard in guards)]
