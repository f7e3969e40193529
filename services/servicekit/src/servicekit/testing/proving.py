"""How much a test proves: a sample in the suite, the full size with `AIGUY_PROVE=1` (the `make prove-…` commands)."""

import os


def how_many(usual: int, proof: int) -> int:
    """`usual`, or `proof` when the full size was asked for."""
    return proof if os.environ.get("AIGUY_PROVE") == "1" else usual
