"""Whatever is sent to orders, it answers as its OpenAPI document says."""

import pytest
from schemathesis import GenerationMode

from contracts.tool import Family
from servicekit.testing.fuzz import MODES, PRIVACY_PATHS, Fuzzed, tool_paths

pytestmark = pytest.mark.service
PATHS = [*tool_paths(Family.ORDERS), *PRIVACY_PATHS]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("path", PATHS)
def test_the_api_keeps_to_its_document(api: Fuzzed, path: str, mode: GenerationMode) -> None:
    assert api.held(path, mode) > 0


def test_no_path_is_left_out(api: Fuzzed) -> None:
    assert api.paths == set(PATHS)
