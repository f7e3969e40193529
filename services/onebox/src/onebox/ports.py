"""Which service listens where on this machine."""

import os
from collections.abc import Mapping

from onebox.report import Report
from servicekit.embedded.ports import PortClaims

ORCHESTRATOR = "orchestrator"
GATEWAY = "gateway"
#: What counts for the front door.
DOOR_NUMBERS = "door-numbers"
TOOL_SERVICES = ("orders", "billing", "tickets", "retrieval")
DEFAULT_PORTS: Mapping[str, int] = {
    ORCHESTRATOR: 8080, "orders": 8081, "billing": 8082, "tickets": 8083, "retrieval": 8084,
}  # fmt: skip
GATEWAY_PORT = 8090
DOOR_NUMBERS_PORT = 8094


def choose_ports(
    report: Report,
    claims: PortClaims,
    environment: Mapping[str, str] = os.environ,
    ports: Mapping[str, int] = DEFAULT_PORTS,
) -> dict[str, int]:
    """A port for each of `ports`: `AIGUY_<NAME>_PORT`, else its usual one, else (when that is taken) a free one.

    `claims` keeps them for us while our services start.
    """
    chosen: dict[str, int] = {}
    for name, usual in ports.items():
        wanted = int(environment.get(f"AIGUY_{name.upper().replace('-', '_')}_PORT", usual))
        chosen[name] = wanted if claims.claim(wanted) else claims.claim_any()
        if chosen[name] != wanted:
            report.note(f"port {wanted} is taken: {name} listens on {chosen[name]}")
    return chosen
