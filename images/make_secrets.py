"""Makes the secrets of the composed stack, each in a file: `python make_secrets.py FOLDER`. What is there stays.

A container sees the files that it is handed, under the numbers that they have outside, and each image has a user of its
own. So the files may be read by all, and the folder that they are in may be entered by its owner alone.
"""

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from servicekit.embedded.files import derive, read_or_create_secret, write_private
from servicekit.embedded.postgres import databases_script
from servicekit.embedded.valkey import configuration
from servicekit.keyfiles import StackKeys

SERVICES = ("orchestrator", "orders", "billing", "tickets", "retrieval")
POSTGRES, VALKEY = "postgres:5432", "valkey:6379"
#: Secrets of one line that nothing of ours is made from.
PLAIN = ("postgres-password", "grafana-password", "wordpress-password", "wordpress-root-password", "qdrant-key")


class FolderError(Exception):
    """The folder cannot hold secrets. The message is for the person at the terminal."""


def make(folder: Path) -> None:
    """Fill `folder`; raises FolderError when it is not there, or others than its owner may enter it."""
    if not folder.is_dir() or folder.stat().st_mode & 0o077:
        raise FolderError(f"{folder} must be a folder that its owner alone may enter: mkdir -m 700 secrets")
    StackKeys(folder).create()
    for name in PLAIN:
        read_or_create_secret(folder / name)
    password = partial(derive, read_or_create_secret(folder / "database-secret"))
    valkey = derive(read_or_create_secret(folder / "valkey-secret"), "valkey")
    roles = {name: f"aiguy_{name}" for name in SERVICES}
    texts = {
        "databases.sql": databases_script({role: role for role in roles.values()}, password),
        "valkey.conf": configuration("*", 6379, valkey, Path("/data")),
        "valkey-password": valkey,
        "qdrant.yaml": f"service: {json.dumps({'api_key': read_or_create_secret(folder / 'qdrant-key')})}\n",
    }
    # The key of the language model's provider is put into it by hand.
    (folder / "llm-key").touch()
    for number, (name, role) in enumerate(roles.items()):
        texts[f"{name}-database"] = f"postgresql://{role}:{password(role)}@{POSTGRES}/{role}"
        texts[f"{name}-redis"] = f"redis://:{valkey}@{VALKEY}/{number}"
    for name, text in texts.items():
        write_private(folder / name, text)
    for file in folder.iterdir():
        # Only new ones are private still.
        if file.stat().st_mode & 0o777 == 0o600:
            file.chmod(0o444)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0, or 1 with a sentence about the folder."""
    (folder,) = arguments
    try:
        make(Path(folder))
    except FolderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("The secrets are there. Keep a copy: without the master keys nothing sealed can be read.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
