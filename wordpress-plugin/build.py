"""Builds the plugin's zip as WordPress installs it: `python wordpress-plugin/build.py [where to]`.

The same files give the same bytes: names are sorted, times and rights are fixed.
"""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
SLUG = "aiguy-chat"
WIDGET = ROOT / "services/orchestrator/src/orchestrator/api/widget/aiguy-chat.js"
_FILES = ("aiguy-chat.php", "uninstall.php", "readme.txt", "LICENSE")
_FOLDERS = ("src", "assets", "blocks", "languages")
_KINDS = frozenset({".php", ".js", ".css", ".json", ".txt", ".pot", ".po", ".mo", ".svg", ".png"})
_WHEN = (1980, 1, 1, 0, 0, 0)


def contents(widget: Path = WIDGET) -> Iterator[tuple[str, bytes]]:
    """What goes into the zip: names below the plugin's folder with their bytes. Raises FileNotFoundError."""
    for path in sorted(_own_files(), key=lambda one: one.relative_to(HERE).as_posix()):
        yield path.relative_to(HERE).as_posix(), path.read_bytes()
    yield "assets/aiguy-chat.js", widget.read_bytes()


def build(target: Path, widget: Path = WIDGET) -> Path:
    """Writes the zip to `target` and gives it back. Raises FileNotFoundError when the widget was not built."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in contents(widget):
            entry = zipfile.ZipInfo(f"{SLUG}/{name}", _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return target


def _own_files() -> Iterator[Path]:
    yield from (HERE / name for name in _FILES if (HERE / name).exists())
    for folder in _FOLDERS:
        yield from (path for path in (HERE / folder).rglob("*") if path.is_file() and path.suffix in _KINDS)


if __name__ == "__main__":
    print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "var" / f"{SLUG}.zip"))
