"""Whatever is sent to orders, it answers as its OpenAPI document says."""

from collections.abc import Callable, Iterator

import pytest
from schemathesis import GenerationMode

from contracts.tool import Family
from orders.app import build
from orders.seed import seed
from orders.settings import Settings
from servicekit.db.seeding import run_seed
from servicekit.testing.fuzz import MODES, Fuzzed, fuzzed, tool_paths
from servicekit.testing.issuer import TestIssuer
from servicekit.testing.tool_client import kit_with

pytestmark = pytest.mark.service
PATHS = tool_paths(Family.ORDERS)


@pytest.fixture(scope="module")
def api(database_url: Callable[[str], str], redis_url: str) -> Iterator[Fuzzed]:
    settings = Settings(
        environment="test",
        database_url=database_url("orders"),
        redis_url=redis_url,
        rate_limit_per_minute=1_000_000,
    )
    run_seed(settings, seed)
    issuer = TestIssuer.create()
    with fuzzed(build(settings, kit_factory=kit_with(issuer)), issuer, Family.ORDERS) as running:
        yield running


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("path", PATHS)
def test_the_api_keeps_to_its_document(api: Fuzzed, path: str, mode: GenerationMode) -> None:
    api.check(path, mode)


def test_no_path_is_left_out(api: Fuzzed) -> None:
    assert api.paths == set(PATHS)
