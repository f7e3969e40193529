"""What the door writes down names neither who asked nor the links that open somebody's papers."""

import pytest

from servicekit.embedded import free_port

from .conftest import OpenDoor
from .test_limits import BURST, SLOW_RATE
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
WHO = "203.0.113.77"
SIGNATURE = "3q2-7wAbCdEf_GhIjKlMnOpQrStUvWxYz0123456789"
LINKS = ["/files/invoices/INV-2026-0001.pdf", "/receipts/rf_0123"]


async def test_no_log_has_an_address_or_a_signed_link(another_door: OpenDoor, upstream: Upstream) -> None:
    told = {**SLOW_RATE, "AIGUY_GATEWAY_BURST": "7", "AIGUY_GATEWAY_TRUSTED": "set_real_ip_from 127.0.0.1;"}
    headers = {"x-forwarded-for": WHO}
    async with another_door(services={"billing": free_port()}, **told) as door, door.client() as client:
        for path in LINKS:
            down = await client.get(path, params={"signature": SIGNATURE}, headers=headers)
            refused = await client.get(path, params={"signature": SIGNATURE, "x": "1' OR '1'='1"}, headers=headers)
            assert (down.status_code, refused.status_code) == (502, 403)
        large = await client.post("/chat", params={"signature": SIGNATURE}, content=b"x" * 70_000, headers=headers)
        assert large.status_code == 413
        assert (await client.get("/openapi.json?q=<script>alert(1)</script>", headers=headers)).status_code == 403
        limited = [
            await client.get(LINKS[0], params={"signature": SIGNATURE}, headers=headers) for _ in range(BURST + 5)
        ]
        assert limited[-1].status_code == 429
    written = {file.name: file.read_text("utf-8", "replace") for file in door.state.glob("*.log")}
    assert written.keys() == {"access.log", "error.log"}
    assert [name for name, text in written.items() if WHO in text] == []
    assert [name for name, text in written.items() if SIGNATURE in text] == []
    assert 'id "949110"' in written["error.log"], "what refused an attack is told"
    assert door.state.stat().st_mode & 0o777 == 0o700
