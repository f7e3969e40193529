"""What the tests of several folders use: a finder of personal data, and vaults with a key of their own."""

from collections.abc import Callable

import pytest

from orchestrator.guard.vault import Vault
from servicekit.privacy import Finder


@pytest.fixture(scope="session")
def finder() -> Finder:
    return Finder.load()


@pytest.fixture
def new_vault(finder: Finder) -> Callable[..., Vault]:
    """Vaults of one conversation: those with the same key make the same tokens."""

    def made(key: bytes = b"k" * 32, names: tuple[str, ...] = ()) -> Vault:
        return Vault(key, finder, names)

    return made


@pytest.fixture
def vault(new_vault: Callable[..., Vault]) -> Vault:
    return new_vault()
