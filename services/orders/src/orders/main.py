"""The process: `python -m orders` serves."""

from orders.app import create
from servicekit.app import run_service


def main() -> None:
    """Serves until SIGTERM."""
    run_service("orders", create)
