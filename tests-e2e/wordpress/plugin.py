"""The plugin as its zip, and an administrator who installs it in the browser's way."""

import asyncio
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from .site import Site

ROOT = Path(__file__).resolve().parents[2]
FILE = "aiguy-chat/aiguy-chat.php"


def build(folder: Path) -> Path:
    """The plugin's zip, made from the sources by its own script."""
    build = ROOT / "wordpress-plugin" / "build.py"
    if build.exists():
        subprocess.run([sys.executable, str(build)], check=True, capture_output=True)
        return ROOT / "var" / "aiguy-chat.zip"
    made = folder / "aiguy-chat.zip"
    with zipfile.ZipFile(made, "w") as archive:
        for file in sorted(build.parent.rglob("*")):
            archive.write(file, f"aiguy-chat/{file.relative_to(build.parent)}")
    return made


async def install(site: Site, packed: Path) -> None:
    """Upload the zip on the page for it, and follow the link that activates the plugin."""
    content = await asyncio.to_thread(packed.read_bytes)
    async with site.client("boss") as boss:
        form = (await boss.get("/wp-admin/plugin-install.php?tab=upload")).text
        (nonce,) = re.findall(r'name="_wpnonce" value="(\w+)"', form)
        answer = await boss.post(
            "/wp-admin/update.php?action=upload-plugin", data={"_wpnonce": nonce},
            files={"pluginzip": (packed.name, content, "application/zip")},
        )  # fmt: skip
        assert "Plugin installed successfully" in answer.text, answer.text
        (link,) = re.findall(r'href="(plugins\.php\?action=activate[^"]+)"', answer.text)
        done = await boss.get(f"/wp-admin/{link.replace('&amp;', '&')}")
        assert done.status_code == 302, done.text
