"""A customer with IPv6 has a network of 64 bits and is one client, wherever its address has its zeros."""

import pytest

from .conftest import OpenDoor
from .test_limits import BURST, SLOW_RATE
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: Addresses of one network each, and one beside it.
NETWORKS = [
    ([f"2001:db8:2:0:0:1:2:{n}" for n in range(1, 6)], "2001:db8:2:1:0:1:2:1"),
    ([f"2001:db8:0:0:{n}:1:2:3" for n in range(1, 6)], "2001:db8:0:1:1:1:2:3"),
    ([f"2001:db8:1:7::{n}" for n in range(1, 6)], "2001:db8:1:8::1"),
    ([f"2001:db8:1:7:{n}:2:3:4" for n in range(1, 6)], "2001:db8:1:8:1:2:3:4"),
    (["2001:db8::1", "2001:db8:0:0:1::", "2001:db8:0:0:1:2:3:4", "2001:db8::2:0:0:1", "2001:db8::9"], "2001:db8:1::1"),
    ([f"2001:0:0:9:{n}:2:3:4" for n in range(1, 6)], "2001:0:0:8:1:2:3:4"),
    ([f"2001:0:0:0:{n}:2:3:4" for n in range(1, 6)], "2001:0:0:8:1:2:3:4"),
    ([f"0:0:7:8:{n}:2:3:4" for n in range(1, 6)], "0:0:7:9:1:2:3:4"),
    ([f"0:0:0:8:{n}:2:3:4" for n in range(1, 6)], "::1"),
    ([f"::{n}" for n in range(1, 6)], "::ffff:192.0.2.1"),
    (["::ffff:192.0.2.1"] * 5, "::ffff:192.0.2.2"),
]


@pytest.mark.parametrize(("network", "beside"), NETWORKS, ids=[network[0] for network, _ in NETWORKS])
async def test_a_network_is_one_client(
    another_door: OpenDoor, upstream: Upstream, network: list[str], beside: str
) -> None:
    trusted = {"AIGUY_GATEWAY_TRUSTED": "set_real_ip_from 127.0.0.1;"}
    async with another_door(**SLOW_RATE, **trusted) as door, door.client() as client:
        asked = [(await client.get("/openapi.json", headers={"x-forwarded-for": who})).status_code for who in network]
        other = await client.get("/openapi.json", headers={"x-forwarded-for": beside})
    assert asked == [200] * (BURST + 1) + [429]
    assert other.status_code == 200
