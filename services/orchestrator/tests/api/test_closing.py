"""An orchestrator that was closed leaves nothing behind in its process."""

from orchestrator.app import build
from servicekit.testing import TestIssuer
from servicekit.testing.closing import left_of
from servicekit.testing.tool_client import kit_with


async def test_an_orchestrator_that_is_closed_is_released(api_settings):
    kit = kit_with(TestIssuer.create())
    assert await left_of(lambda: build(api_settings, kit_factory=kit)) == []
