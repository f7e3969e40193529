"""The process: `python -m billing` serves."""

from billing.app import create
from servicekit.app import run_service


def main() -> None:
    """Serves until SIGTERM."""
    run_service("billing", create)
