"""Settings of the orchestrator, from `AIGUY_*` or files; those of the model are in `brain/settings.py`."""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field

from contracts.registry import CONTRACTS
from orchestrator.brain.settings import LlmSettings
from servicekit.auth.issuers import Issuer
from servicekit.settings import ServiceSettings


class Settings(ServiceSettings, LlmSettings):
    """What the orchestrator is told from outside."""

    service: str = "orchestrator"
    port: int = 8080
    #: Turns share these: each takes a connection for some milliseconds at a time.
    database_pool_size: int = Field(default=20, ge=2)
    #: Where the tool services are, by family: {"orders": "http://…"}.
    tool_urls: dict[str, str] = {}
    tool_allowlist: tuple[str, ...] = tuple(contract.name for contract in CONTRACTS)
    #: Ed25519 keys that sign tokens for the tool services: a file or a folder.
    signing_keys: Path
    #: Whose customers' tokens are believed: a JSON list of issuers.
    issuers_file: Path
    #: Whether this process runs turns besides serving the API.
    worker: Literal["with-api", "off"] = "with-api"
    worker_concurrency: int = Field(default=64, ge=4)
    #: Serves the local chat page and its demo sessions, signed with these keys. For one's own machine only.
    demo: bool = False
    demo_issuer_keys: Path | None = None

    turn_tokens: int = Field(default=3000, ge=1)
    turn_tokens_out: int = Field(default=800, ge=1)
    turn_tools: int = Field(default=2, ge=0, le=3)
    session_tokens: int = Field(default=60_000, ge=1)
    #: `POST /chat` answers within the longest turn (30 s), or says that the turn goes on.
    chat_limit_s: float = Field(default=32.0, gt=0)
    #: How long a tool rests after repeated errors.
    breaker_open_s: float = Field(default=60, gt=0)
    #: How long a card waits for the customer, and for staff.
    confirmation_ttl_s: int = Field(default=900, ge=1)
    approval_ttl_s: int = Field(default=24 * 3600, ge=1)
    #: Where staff hear of what waits for them (tool slack_post_message); empty: only in the approvals API.
    approvals_channel: str = Field(default="", pattern=r"^(#?[a-z0-9_-]{1,80})?$")
    #: Conversations in which nothing was said for so many days are erased, and how often that is looked for (0: never).
    conversation_retention_days: int = Field(default=365, ge=1, le=3650)
    conversations_erase_every_s: float = Field(default=3600, ge=0)
    #: How long questions without a good answer are kept, and how often those that are older are deleted (0: never).
    gaps_retention_days: int = Field(default=90, ge=1, le=3650)
    gaps_forget_every_s: float = Field(default=3600, ge=0)


def load_issuers(path: Path) -> list[Issuer]:
    """The issuers of a JSON file: `[{"iss", "algorithms", "jwks_url" | "jwks_file" | "secret_file"}]`.

    Files are named relative to the list. Raises ValueError when an issuer is incomplete.
    """
    issuers = []
    for entry in json.loads(path.read_text(encoding="utf-8")):
        jwks = secret = None
        if name := entry.get("jwks_file"):
            jwks = json.loads((path.parent / name).read_text(encoding="utf-8"))
        if name := entry.get("secret_file"):
            secret = (path.parent / name).read_bytes().strip()
        algorithms = tuple(entry.get("algorithms") or (("HS256",) if secret else ("EdDSA",)))
        issuers.append(Issuer(entry["iss"], algorithms, jwks_url=entry.get("jwks_url"), jwks=jwks, secret=secret))
    return issuers
