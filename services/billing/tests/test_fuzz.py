"""Whatever is sent to billing, it answers as its OpenAPI document says."""

import pytest
from schemathesis import GenerationMode

from contracts.refund_rules import JUDGED_PATH, RULES_PATH, RULES_SCOPE, SUMS_PATH
from contracts.tool import Family
from servicekit.auth.claims import Role
from servicekit.testing.fuzz import MODES, PRIVACY_PATHS, Fuzzed, tool_paths

pytestmark = pytest.mark.service
PATHS = [*tool_paths(Family.BILLING), *PRIVACY_PATHS, "/files/invoices/{number}.pdf", "/receipts/{refund_request_id}"]

INTERNAL = (RULES_PATH, JUDGED_PATH, SUMS_PATH)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("path", PATHS)
def test_the_api_keeps_to_its_document(api: Fuzzed, path: str, mode: GenerationMode) -> None:
    assert api.held(path, mode) > 0


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("path", INTERNAL)
def test_the_internal_routes_keep_to_their_document(api: Fuzzed, path: str, mode: GenerationMode) -> None:
    assert api.held(path, mode, scopes=(RULES_SCOPE,), subject="staff_kim", role=Role.STAFF) > 0


def test_no_path_is_left_out(api: Fuzzed) -> None:
    assert api.paths == {*PATHS, *INTERNAL}
