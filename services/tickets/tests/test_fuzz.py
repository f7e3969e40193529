"""Whatever is sent to tickets, it answers as its OpenAPI document says."""

from typing import Any

import pytest
from schemathesis import Case, GenerationMode

from contracts.mails import OUTCOME_PATH, OUTCOME_SCOPE
from contracts.resolved import RESOLVE_SCOPE, RESOLVED_PATH, RESOLVED_SCOPE
from contracts.tool import Family
from servicekit.auth.claims import Role
from servicekit.testing.fuzz import MODES, PRIVACY_PATHS, Fuzzed, tool_paths

pytestmark = pytest.mark.service
UNBOUND = ("send_email", "email_answer", "slack_post_message")
PATHS = [*tool_paths(Family.TICKETS, unbound=UNBOUND), *PRIVACY_PATHS]
INTERNAL = (OUTCOME_PATH, RESOLVED_PATH, "/internal/tickets/{number}/resolve")


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("path", PATHS)
def test_the_api_keeps_to_its_document(api: Fuzzed, path: str, mode: GenerationMode) -> None:
    assert api.held(path, mode) > 0


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("path", INTERNAL)
def test_the_internal_routes_keep_to_their_document(api: Fuzzed, path: str, mode: GenerationMode) -> None:
    def prepare(case: Case[Any]) -> None:
        if mode is GenerationMode.POSITIVE and case.path_parameters:
            case.path_parameters["number"] = "HP-10002"  # there is one: a number that nobody has is rightly a 404

    scopes = (OUTCOME_SCOPE, RESOLVE_SCOPE, RESOLVED_SCOPE)
    assert api.held(path, mode, prepare, scopes=scopes, subject="staff_kim", role=Role.STAFF) > 0


def test_no_path_is_left_out(api: Fuzzed) -> None:
    assert api.paths == {*PATHS, *INTERNAL, *(f"/tools/{name}" for name in UNBOUND)}
