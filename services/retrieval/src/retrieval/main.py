"""The process: `python -m retrieval` serves."""

from retrieval.app import create
from servicekit.app import run_service


def main() -> None:
    """Serves until SIGTERM."""
    run_service("retrieval", create)
