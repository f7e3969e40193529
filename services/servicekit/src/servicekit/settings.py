"""Settings that every service has. A service subclasses `ServiceSettings` and adds its own fields.

Order: arguments, environment (`AIGUY_X`), a file named by `AIGUY_X_FILE`, files in `AIGUY_SECRETS_DIR`, defaults.
"""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

PREFIX = "AIGUY_"
_FILE = "_FILE"


def proxies(text: str) -> str:
    """The list without spaces. Raises ValueError for what is neither an address nor a network."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        ip_network(name)
    return ",".join(names)


class _FileSource(EnvSettingsSource):
    """`AIGUY_DATABASE_URL_FILE=/run/secrets/db` gives `database_url` the content of that file. Empty says nothing."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        fields = self.settings_cls.model_fields
        loaded: dict[str, str | None] = {}
        for name, path in os.environ.items():
            upper = name.upper()
            if not (upper.startswith(PREFIX) and upper.endswith(_FILE)):
                continue
            field = upper[len(PREFIX) : -len(_FILE)].lower()
            if field not in fields or f"{field}_file" in fields:
                continue
            if text := Path(path).read_text(encoding="utf-8").strip():
                loaded[f"{PREFIX}{field}".lower()] = text
        return loaded


class ServiceSettings(BaseSettings):
    """What any service is told from outside. URLs carry passwords, so they are kept out of `repr`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True)

    service: str
    environment: Literal["local", "test", "staging", "production"] = "local"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    #: Further processes of the service may listen on the same port; the kernel hands each connection to one of them.
    share_port: bool = False
    log_level: str = "info"
    log_format: Literal["json", "console"] = "json"
    database_url: str = Field(repr=False)
    database_replica_url: str | None = Field(default=None, repr=False)
    database_pool_size: int = Field(default=10, ge=1)
    redis_url: str = Field(default="redis://127.0.0.1:6379/0", repr=False)
    jwks_url: str | None = None
    #: `iss` of the tokens that this service accepts from the orchestrator.
    token_issuer: str = "orchestrator"  # noqa: S105 - a name
    rate_limit_per_minute: int = Field(default=6000, ge=1)
    master_key_file: Path | None = None
    #: Addresses and networks of our own proxies, whose X-Forwarded-For is believed (comma separated); empty: nobody's.
    #: "*" would believe everybody's, and is refused.
    trusted_proxies: Annotated[str, AfterValidator(proxies)] = ""
    #: Tool services only: `POST /mcp` serves the tools to MCP clients too, which need the same tokens and grants.
    mcp: bool = False
    #: How often the gauges are read that the service's own database fills; 0: never.
    numbers_every_s: float = Field(default=15.0, ge=0)
    #: How long the answer to a write is kept for its Idempotency-Key: not less than a week. A turn asks again for
    #: minutes, an operator who brings back a job that was lost does it within days; later the key is a new one.
    idempotency_retention_days: int = Field(default=30, ge=7, le=3650)
    #: How often rows are looked for whose time is over (`retention.py` of each service); 0: never.
    retention_every_s: float = Field(default=3600.0, ge=0)
    #: Told to end, the service is not ready for so long but serves on, so that callers connect elsewhere; 0 on one
    #: machine, where there is no elsewhere.
    drain_s: float = Field(default=0.0, ge=0)
    #: How long requests that run may take to end after that.
    shutdown_grace_s: int = Field(default=25, ge=0)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Adds the `*_FILE` variants and the secrets directory; no .env file is read."""
        sources: list[PydanticBaseSettingsSource] = [init_settings, env_settings, _FileSource(settings_cls)]
        if secrets_dir := os.environ.get("AIGUY_SECRETS_DIR"):
            sources.append(SecretsSettingsSource(settings_cls, secrets_dir=secrets_dir))
        return tuple(sources)
