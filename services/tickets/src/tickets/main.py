"""The process: `python -m tickets` serves."""

from servicekit.app import run_service
from tickets.app import create


def main() -> None:
    """Serves until SIGTERM."""
    run_service("tickets", create)
