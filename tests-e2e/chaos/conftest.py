"""What the tests of faults share: the verdicts that `make chaos` prints."""

import os
from collections.abc import Iterator

import pytest

from chaos.verdicts import Verdicts


@pytest.fixture(scope="session")
def verdicts() -> Iterator[Verdicts]:
    """Filled by the tests; told at the end when the full size was asked for."""
    found = Verdicts()
    yield found
    if os.environ.get("AIGUY_PROVE") == "1":
        print(found.write())
        assert found.missed == []
