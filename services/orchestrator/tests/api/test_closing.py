"""An orchestrator that was closed leaves nothing behind in its process."""

import gc
import weakref

from orchestrator.app import build
from servicekit.testing import TestIssuer, running
from servicekit.testing.tool_client import kit_with


async def test_an_orchestrator_that_is_closed_is_released(api_settings):
    app = build(api_settings, kit_factory=kit_with(TestIssuer.create()))
    async with running(app) as client:
        assert (await client.get("/livez")).status_code == 200
    held = weakref.ref(app)
    del app, client
    gc.collect()
    assert held() is None
