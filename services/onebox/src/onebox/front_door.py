"""The front door: nginx with ModSecurity and the Core Rule Set, where this machine has them; files: `gateway/`.

`AIGUY_GATEWAY=off` leaves it away. AIGUY_GATEWAY_PORT is its port; AIGUY_GATEWAY_RATE, AIGUY_GATEWAY_BURST,
AIGUY_GATEWAY_CONNECTIONS, AIGUY_GATEWAY_MESSAGES, AIGUY_GATEWAY_SLOW, AIGUY_GATEWAY_PATIENCE, AIGUY_GATEWAY_TRUSTED and
AIGUY_GATEWAY_SITES change its limits; pages of the origins in AIGUY_WEB_ORIGINS may read its problems.
AIGUY_GATEWAY_CRS is a folder with other rules than Debian's, for those who keep CRS 4 themselves.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from onebox.home import find_checkout

SWITCH, RULES = "AIGUY_GATEWAY", "AIGUY_GATEWAY_CRS"
_DEBIANS_RULES = "/usr/share/modsecurity-crs/rules"
#: Where the server with the WAF listens, on the door's own port: a loopback address that leads nowhere else.
_INSIDE = "127.0.0.2"
#: Where it tells how many connections it has, likewise.
TOLD = "127.0.0.3"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?")
_PLACEHOLDER = re.compile(r"\$\{(AIGUY_[A-Z_]+)\}")
#: What a machine that says nothing gets; each may be set by the variable of its name.
LIMITS: Mapping[str, str] = {
    "AIGUY_GATEWAY_RATE": "20r/s", "AIGUY_GATEWAY_BURST": "40", "AIGUY_GATEWAY_CONNECTIONS": "50",
    "AIGUY_GATEWAY_MESSAGES": "1000r/s",
    "AIGUY_GATEWAY_SLOW": "10s", "AIGUY_GATEWAY_PATIENCE": "60s", "AIGUY_GATEWAY_TRUSTED": "",
    "AIGUY_GATEWAY_SITES": "", "AIGUY_GATEWAY_DOOR": "plain",
    "AIGUY_GATEWAY_NUMBERS": "", "AIGUY_GATEWAY_CERTIFICATE": "", "AIGUY_GATEWAY_CERTIFICATE_KEY": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the parts of the door are; the defaults are those of Debian's packages."""

    nginx: Path
    files: Path
    modules: Path = Path("/usr/lib/nginx/modules")
    rules: Path = Path(_DEBIANS_RULES)
    unicode: Path = Path("/etc/nginx/unicode.mapping")

    def complete(self) -> bool:
        """Whether all of them are there."""
        needed = (self.nginx, self.files, self.modules / "ngx_http_modsecurity_module.so", self.rules, self.unicode)
        return all(part.exists() for part in needed)


def find_parts(environment: Mapping[str, str] = os.environ) -> Parts | None:
    """The parts of this machine's door; None where one is missing, or the user wants no door."""
    checkout = find_checkout()
    nginx = shutil.which("nginx", path=f"{environment.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if environment.get(SWITCH) == "off" or checkout is None or nginx is None:
        return None
    parts = Parts(Path(nginx), checkout / "gateway", rules=Path(environment.get(RULES, _DEBIANS_RULES)))
    return parts if parts.complete() else None


def write_door(
    parts: Parts, state: Path, listen: str, services: Mapping[str, str], environment: Mapping[str, str] = os.environ
) -> list[str]:
    """Write its configuration into `state`, which is its owner's alone; the command that starts it there.

    `listen` is host:port, `services` the host:port of each service. Raises KeyError for a placeholder without a value,
    ValueError for origins that are none.
    """
    values = {name: environment.get(name, usual) for name, usual in LIMITS.items()}
    values |= {f"AIGUY_GATEWAY_{name.upper()}": place for name, place in services.items()}
    values |= {
        "AIGUY_GATEWAY_LISTEN": listen, "AIGUY_GATEWAY_STATE": str(state), "AIGUY_GATEWAY_MODULES": str(parts.modules),
        RULES: str(parts.rules), "AIGUY_GATEWAY_UNICODE": str(parts.unicode),
        "AIGUY_GATEWAY_WAF": str(state / "modsecurity"),
        "AIGUY_GATEWAY_INSIDE": f"{_INSIDE}:{listen.rpartition(':')[2]}",
        "AIGUY_GATEWAY_TOLD": f"{TOLD}:{listen.rpartition(':')[2]}",
        "AIGUY_GATEWAY_ORIGINS": _origins(environment.get("AIGUY_WEB_ORIGINS", "[]")),
    }  # fmt: skip
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
    for file in sorted(parts.files.rglob("*.conf")):
        written = state / file.relative_to(parts.files)
        written.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text(encoding="utf-8")
        written.write_text(_PLACEHOLDER.sub(lambda found: values[found[1]], text), encoding="utf-8")
    # Before it has read where its log is, nginx writes to the one of `-e`.
    return [
        str(parts.nginx),
        "-p",
        str(state),
        "-e",
        str(state / "error.log"),
        "-c",
        str(state / "nginx" / "nginx.conf"),
    ]


def _origins(told: str) -> str:
    """Lines for nginx: pages of these origins may read the door's own problems."""
    origins = json.loads(told)
    if not isinstance(origins, list) or not all(isinstance(one, str) and _ORIGIN.fullmatch(one) for one in origins):
        raise ValueError(f"AIGUY_WEB_ORIGINS is no JSON list of origins: {told}")
    return "\n".join(f'    "{origin}" $http_origin;' for origin in origins)
