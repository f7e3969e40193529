"""The address of a Postgres that another process runs on one of our directories."""

from pathlib import Path

from servicekit.embedded.errors import EmbeddedError
from servicekit.embedded.files import derive
from servicekit.embedded.place import MARKER
from servicekit.embedded.ports import LOOPBACK

_PORT_LINE = 3  # of postmaster.pid, as Postgres writes it


def running_url(data_dir: Path, database: str, user: str) -> str:
    """As `EmbeddedPostgres(data_dir).url` where it runs. Raises EmbeddedError when none does."""
    marker = data_dir / MARKER
    try:
        directory = Path(marker.read_text().strip()) if marker.exists() else data_dir
        port = int((directory / "cluster" / "postmaster.pid").read_text().splitlines()[_PORT_LINE])
        secret = (directory / "secret").read_text().strip()
    except (OSError, IndexError, ValueError) as error:
        raise EmbeddedError(f"no Postgres runs in {data_dir}") from error
    return f"postgresql://{user}:{derive(secret, user)}@{LOOPBACK}:{port}/{database}"
