"""The generated files on disk: write them, or say how they differ."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

#: Only these folders and files are ours to clean; the baseline is kept apart.
_OWNED = ("generated/schemas", "generated/openapi")
_SHOWN_LINES = 12


def write(root: Path, files: Mapping[str, bytes]) -> list[str]:
    """Make the disk equal to `files`; returns the paths that changed, removed ones included."""
    changed = []
    for path, content in files.items():
        target = root / path
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed.append(path)
    for path in stray(root, files):
        (root / path).unlink()
        changed.append(path)
    return changed


def differences(root: Path, files: Mapping[str, bytes]) -> list[str]:
    """One readable paragraph per file that is missing, stale or no longer generated."""
    found = []
    for path, content in files.items():
        target = root / path
        if not target.is_file():
            found.append(f"{path}: missing")
        elif target.read_bytes() != content:
            found.append(f"{path}: stale\n{_diff(target.read_bytes(), content)}")
    return found + [f"{path}: no longer generated" for path in stray(root, files)]


def stray(root: Path, files: Mapping[str, bytes]) -> Iterator[str]:
    """Files in our folders that nothing generates any more."""
    for folder in _OWNED:
        for file in sorted((root / folder).glob("*")):
            path = file.relative_to(root).as_posix()
            if path not in files:
                yield path


def _diff(on_disk: bytes, expected: bytes) -> str:
    lines = list(difflib.unified_diff(
        on_disk.decode(errors="replace").splitlines(), expected.decode().splitlines(),
        "on disk", "from the contracts", n=1, lineterm="",
    ))  # fmt: skip
    rest = len(lines) - _SHOWN_LINES
    shown = [f"  {line}" for line in lines[:_SHOWN_LINES]]
    return "\n".join([*shown, f"  … and {rest} more lines"] if rest > 0 else shown)
