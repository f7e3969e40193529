"""What each process is told. A service gets what it needs and no more: only the orchestrator sees the LLM's key."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from onebox.home import Home
from onebox.keys import KeyFiles
from onebox.ports import GATEWAY, ORCHESTRATOR, TOOL_SERVICES
from onebox.site import ISSUERS, issuers_file
from servicekit.keyfiles import SEALING

HOST = "127.0.0.1"
#: What any program may need from the machine, by exact name or by prefix.
MACHINE = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY", "no_proxy")
MACHINE_PREFIXES = ("LC_", "OTEL_", "PYTHON")
#: Two services speak to Slack, each with a token of its own: one posts notices, the other talks to people.
SLACK_NOTICES = ("AIGUY_SLACK_BOT_", "AIGUY_SLACK_CHANNELS", "AIGUY_SLACK_API_", "AIGUY_SLACK_TIMEOUT_")
SLACK_CHAT = (
    "AIGUY_SLACK_CHAT_", "AIGUY_SLACK_TEAM_", "AIGUY_SLACK_SIGNING_", "AIGUY_SLACK_APP_", "AIGUY_SLACK_STAFF_",
    "AIGUY_SLACK_PERSON_", "AIGUY_SLACK_LINK_", "AIGUY_SLACK_API_",
)  # fmt: skip
#: Passed on from the user's own environment to the service that it is for: nobody else sees a provider's key.
PASSED: Mapping[str, tuple[str, ...]] = {
    ORCHESTRATOR: (
        "AIGUY_LLM_", "AIGUY_TURN_", "AIGUY_SESSION_", "AIGUY_CONFIRMATION_", "AIGUY_APPROVAL", "AIGUY_BREAKER_",
        "AIGUY_WORKER_", "AIGUY_QUEUE_", "AIGUY_TOOL_ALLOWLIST", "AIGUY_CHAT_", "AIGUY_GAPS_",
        "AIGUY_ANSWER_", "AIGUY_CONVERSATION_", "AIGUY_CONVERSATIONS_",
        "AIGUY_LIMITS_FILE", "AIGUY_FAQ_FILE", "AIGUY_CAP_", "AIGUY_RATE_FACTOR", "AIGUY_SHOP_NAME", "AIGUY_WEB_",
        "AIGUY_CONSOLE_", "AIGUY_EMAIL_", "AIGUY_IMAP_", "AIGUY_RELEASE", "AIGUY_HOURS_FILE", "AIGUY_HANDOVER_",
        *SLACK_CHAT,
    ),
    "orders": ("AIGUY_ORDERS_", "AIGUY_WOOCOMMERCE_", "AIGUY_SHOPIFY_", "AIGUY_SHOP_TIMEOUT_"),
    "billing": ("AIGUY_STRIPE_", "AIGUY_REFUND_", "AIGUY_SHOP_NAME", "AIGUY_SHOP_ADDRESS", "AIGUY_SHOP_EMAIL"),
    "tickets": (
        "AIGUY_TICKET", "AIGUY_ZENDESK_", "AIGUY_SMTP_", "AIGUY_MAIL_", *SLACK_NOTICES, "AIGUY_OUTBOX_",
    ),
    "retrieval": ("AIGUY_REFRESH_", "AIGUY_INDEX_STALE_", "AIGUY_QDRANT_", "AIGUY_DEEPENING", "AIGUY_RERANKER_"),
}  # fmt: skip
#: Those who talk to the world outside.
OUTBOUND = (ORCHESTRATOR, "orders", "billing", "tickets")
OUTBOUND_MACHINE = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
_NOTHING: tuple[str, ...] = ()
SHARED = (
    "AIGUY_LOG_LEVEL", "AIGUY_LOG_FORMAT", "AIGUY_RATE_LIMIT_PER_MINUTE", "AIGUY_NUMBERS_EVERY_S", "AIGUY_DRAIN_S",
    "AIGUY_IDEMPOTENCY_RETENTION_DAYS", "AIGUY_RETENTION_EVERY_S", "AIGUY_SHARE_PORT", "AIGUY_MCP",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is. `databases` and `redis` hold passwords; `ports` are those the services listen on.

    `tool_ports` differ from `ports` where a proxy stands between the orchestrator and a tool service.
    """

    ports: Mapping[str, int]
    databases: Mapping[str, str]
    redis: Mapping[str, str]
    tool_ports: Mapping[str, int]

    def url(self, name: str) -> str:
        """`http://127.0.0.1:<port>` of a service."""
        return f"http://{HOST}:{self.ports[name]}"


def machine_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The part of the user's environment that any process gets."""
    return {name: value for name, value in environment.items() if name in MACHINE or name.startswith(MACHINE_PREFIXES)}


def service_environment(
    name: str, addresses: Addresses, home: Home, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The whole environment of the process of service `name`."""
    keys = KeyFiles(home.keys)
    told = machine_environment(environment)
    told |= {key: environment[key] for key in SHARED if key in environment}
    told |= {key: value for key, value in environment.items() if key.startswith(PASSED.get(name, _NOTHING))}
    told |= {key: environment[key] for key in OUTBOUND_MACHINE if name in OUTBOUND and key in environment}
    told |= {
        "AIGUY_ENVIRONMENT": "local",
        "AIGUY_HOST": HOST,
        "AIGUY_PORT": str(addresses.ports[name]),
        "AIGUY_DATABASE_URL": addresses.databases[name],
        "AIGUY_REDIS_URL": addresses.redis[name],
        "AIGUY_JWKS_URL": f"{addresses.url(ORCHESTRATOR)}/.well-known/jwks.json",
        # One heap for all threads of a process: what one frees serves the others.
        "MALLOC_ARENA_MAX": "1",
    }
    if GATEWAY in addresses.ports:
        # Else all who come through the gateway would share the limits of one address.
        told["AIGUY_TRUSTED_PROXIES"] = HOST
    if name in SEALING:
        told["AIGUY_MASTER_KEY_FILE"] = str(keys.master(name))
    if name == "billing":
        told |= {
            "AIGUY_LINK_SECRET_FILE": str(keys.link_secret), "AIGUY_RECEIPT_KEYS": str(keys.receipts),
            # Customers open its links: by the door where there is one.
            "AIGUY_PUBLIC_URL": environment.get("AIGUY_PUBLIC_URL")
            or addresses.url(GATEWAY if GATEWAY in addresses.ports else name),
        }  # fmt: skip
    if name == "retrieval":
        told["AIGUY_INDEX_DIR"] = str(home.root / "retrieval-index")
    if name == ORCHESTRATOR:
        told |= _for_orchestrator(addresses, keys, issuers_file(environment))
    return told


def _for_orchestrator(addresses: Addresses, keys: KeyFiles, own_issuers: Path | None) -> dict[str, str]:
    told = {
        "AIGUY_TOOL_URLS": json.dumps({tool: f"http://{HOST}:{addresses.tool_ports[tool]}" for tool in TOOL_SERVICES}),
        "AIGUY_SIGNING_KEYS": str(keys.signing),
    }
    if own_issuers is not None:
        # The demo signs in customers too, and a stack serves those of one site.
        return told | {ISSUERS: str(own_issuers)}
    return told | {
        ISSUERS: str(keys.issuers), "AIGUY_DEMO": "1", "AIGUY_DEMO_ISSUER_KEYS": str(keys.demo_issuer),
    }  # fmt: skip
