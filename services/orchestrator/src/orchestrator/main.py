"""Serves the orchestrator: `python -m orchestrator`."""

from orchestrator.app import build
from orchestrator.settings import Settings
from servicekit.app import run_service


def main() -> None:
    """Runs until SIGTERM."""
    run_service("orchestrator", lambda: build(Settings()))
