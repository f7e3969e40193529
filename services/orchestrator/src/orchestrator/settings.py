"""Settings of the orchestrator, from `AIGUY_*` or files; those of the model are in `brain/settings.py`."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from contracts.registry import CONTRACTS
from orchestrator.brain.settings import LlmSettings
from orchestrator.channels.email.replies import own_address
from orchestrator.channels.email.signing import WebhookSecret
from orchestrator.console.oidc.settings import OidcSettings
from orchestrator.origins import web_origin
from servicekit.auth.issuers import Issuer
from servicekit.settings import ServiceSettings

WebOrigins = tuple[Annotated[str, AfterValidator(web_origin)], ...]


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
    #: Whose tokens are believed: a JSON list of the issuer of customers, and of issuers of staff (`load_issuers`).
    issuers_file: Path
    #: Whether this process runs turns besides serving the API.
    worker: Literal["with-api", "off"] = "with-api"
    #: The most turns that it runs at once; it finds by itself when so many slow each other down, and then runs fewer.
    worker_concurrency: int = Field(default=64, ge=4)
    #: They slow each other down when a turn takes so many seconds more, on the average, than its models and tools.
    turn_added_s: float = Field(default=0.5, gt=0)
    #: Serves the local chat page and its demo sessions, signed with these keys. For one's own machine only.
    demo: bool = False
    demo_issuer_keys: Path | None = None

    #: A message that would wait longer than this for a worker is answered by e-mail; where that cannot be, it is not
    #: taken, and its sender is told when to try again.
    queue_patience_s: float = Field(default=20.0, gt=0)
    #: How many answers may be owed by e-mail at once; 0: none is ever promised.
    queue_mails: int = Field(default=1000, ge=0)

    turn_tokens: int = Field(default=3000, ge=1)
    turn_tokens_out: int = Field(default=800, ge=1)
    turn_tools: int = Field(default=2, ge=0, le=3)
    #: What may be spent and how often may be asked: a file instead of policy/limits.yaml, or single caps.
    limits_file: Path | None = None
    #: What is told while the knowledge base cannot be searched: a file instead of policy/faq.yaml.
    faq_file: Path | None = None
    session_tokens: int | None = Field(default=None, ge=1)
    cap_session_usd: Decimal | None = Field(default=None, gt=0)
    cap_customer_day_usd: Decimal | None = Field(default=None, gt=0)
    cap_shop_day_usd: Decimal | None = Field(default=None, gt=0)
    cap_shop_month_usd: Decimal | None = Field(default=None, gt=0)
    #: All rates of the policy times this: for load tests, and for shops that are simply larger.
    rate_factor: int = Field(default=1, ge=1)
    #: How the shop is called when the assistant introduces itself; else as in brain/policy/business.yaml.
    shop_name: str = Field(default="", max_length=80, pattern=r"^[^{}\x00-\x1f]*$")
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
    #: Pages of other origins that call this API from the browser: ["https://www.shop.example"]. No cookie is looked at.
    web_origins: WebOrigins = ()
    #: The shop's own mail addresses: who writes to one is answered by mail. Empty: no mail is taken in.
    email_addresses: tuple[Annotated[str, AfterValidator(own_address)], ...] = ()
    #: What the mail server signs with that hands mails in (`whsec_` and base64, as of Standard Webhooks).
    email_webhook_secret: SecretStr = SecretStr("")
    #: The name of the server that receives our mail, in its Authentication-Results; empty: no result is believed.
    email_authserv_id: str = Field(default="", pattern=r"^[A-Za-z0-9.-]{0,253}$")
    #: How many mails of one sender are answered in an hour, and in a day: what a loop costs at most.
    email_sender_hour: int = Field(default=6, ge=1)
    email_sender_day: int = Field(default=20, ge=1)
    #: Whether who asks for their order by mail may prove the address by a code, and for how long that holds.
    email_codes: bool = True
    email_proof_hours: int = Field(default=24, ge=1, le=168)
    #: Slack: the bot token of the app that talks to people ("" turns it off), and the one workspace that it is for.
    slack_chat_token: SecretStr = SecretStr("")
    slack_team_id: str = Field(default="", pattern=r"^(T[A-Z0-9]{2,20})?$")
    #: What Slack signs its deliveries with; and the app token by which they come through a connection of ours instead.
    slack_signing_secret: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    #: How the app is called in Slack, for who is told to write to it; as in channels/slack/manifest.yaml.
    slack_app_name: str = Field(default="Shop assistant", min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*$")
    #: The channel (its id) where staff hear of hand-overs and approvals, decide and answer; empty: not in Slack.
    slack_staff_channel: str = Field(default="", pattern=r"^([CG][A-Z0-9]{2,20})?$")
    slack_api_url: str = "https://slack.com/api"
    slack_chat_timeout_s: int = Field(default=5, ge=1, le=5)
    #: How many messages of one person are answered in an hour.
    slack_person_hour: int = Field(default=60, ge=1)
    #: How long a connected account is believed: a customer's in days, that of staff in seconds.
    slack_link_days: int = Field(default=30, ge=1, le=365)
    slack_staff_link_s: int = Field(default=8 * 3600, ge=60, le=24 * 3600)

    #: Mails are fetched from this server too, or instead; empty: none are. The folder is only read.
    imap_host: str = Field(default="", pattern=r"^[A-Za-z0-9.:-]{0,253}$")
    imap_port: int = Field(default=993, ge=1, le=65535)
    imap_tls: Literal["tls", "starttls", "none"] = "tls"
    imap_username: str = Field(default="", max_length=254, pattern=r"^[\x20-\x7e]*$")
    imap_password: SecretStr = SecretStr("")
    imap_folder: str = Field(default="INBOX", min_length=1, max_length=200, pattern=r"^[\x20-\x7e]+$")
    #: Certificates to believe instead of the machine's.
    imap_ca_file: Path | None = None
    imap_timeout_s: float = Field(default=20.0, gt=0)
    imap_every_s: float = Field(default=30.0, gt=0)
    #: When people are there, and what who waits for them is told: a file instead of policy/hours.yaml; and how often
    #: it is looked for whom that is due (0: never).
    hours_file: Path | None = None
    handover_every_s: float = Field(default=5.0, ge=0)
    #: Hosts that an answer may link to besides those of its sources: ["www.shop.example"].
    answer_link_hosts: tuple[str, ...] = ()
    #: How long questions without a good answer are kept, and how often those that are older are deleted (0: never).
    gaps_retention_days: int = Field(default=90, ge=1, le=3650)
    gaps_forget_every_s: float = Field(default=3600, ge=0)

    #: The console: how long a sign-in lasts, how long it may be left alone, and how long a customer may wait for staff.
    console_session_s: int = Field(default=8 * 3600, ge=60, le=24 * 3600)
    console_idle_s: int = Field(default=1800, ge=60)
    console_sla_s: int = Field(default=900, ge=60)
    #: The organisation's OpenID provider: its issuer, how we are registered there, and our own address as browsers see
    #: it. Empty: nobody signs in there.
    console_oidc_issuer: str = ""
    console_oidc_client_id: str = ""
    console_oidc_client_secret: SecretStr = SecretStr("")
    console_oidc_scope: str = "openid profile email groups"
    console_url: str = ""
    #: Which of its groups are which roles, as {"support": "agent", "leads": "admin"}; and the claim that names them.
    console_oidc_groups: dict[str, Literal["viewer", "agent", "approver", "admin"]] = {}
    console_oidc_groups_claim: str = "groups"
    #: How often its numbers are counted anew (0: only when somebody asks).
    console_figures_every_s: float = Field(default=300, ge=0)

    #: What is written beside a policy that is new: which release brought it (else the package's version), and who.
    release: str = Field(default="", max_length=120)
    released_by: str = Field(default="", max_length=120)

    @model_validator(mode="after")
    def _email_is_whole(self) -> Self:
        secret = self.email_webhook_secret.get_secret_value()
        if bool(self.email_addresses) != bool(secret or self.imap_host):
            raise ValueError(
                "e-mail needs AIGUY_EMAIL_ADDRESSES, and AIGUY_EMAIL_WEBHOOK_SECRET or AIGUY_IMAP_HOST or both"
            )
        if secret:
            WebhookSecret.read(secret)
        if self.imap_host and not (self.imap_username and self.imap_password.get_secret_value()):
            raise ValueError("AIGUY_IMAP_HOST needs AIGUY_IMAP_USERNAME and AIGUY_IMAP_PASSWORD")
        if self.imap_host and self.imap_tls == "none" and self.environment not in ("local", "test"):
            raise ValueError("a password is never sent without TLS: AIGUY_IMAP_TLS is tls or starttls")
        return self

    @model_validator(mode="after")
    def _slack_is_whole(self) -> Self:
        ways_in = self.slack_signing_secret.get_secret_value() or self.slack_app_token.get_secret_value()
        if self.slack_on and not (self.slack_team_id and ways_in):
            raise ValueError(
                "Slack needs AIGUY_SLACK_TEAM_ID, and AIGUY_SLACK_SIGNING_SECRET or AIGUY_SLACK_APP_TOKEN, besides"
                " AIGUY_SLACK_CHAT_TOKEN"
            )
        if not self.slack_on and (self.slack_team_id or ways_in or self.slack_staff_channel):
            raise ValueError("Slack needs AIGUY_SLACK_CHAT_TOKEN")
        if (
            self.slack_on
            and self.environment in ("staging", "production")
            and not self.slack_api_url.startswith("https://")
        ):
            raise ValueError("AIGUY_SLACK_API_URL must begin with https://")
        return self

    @property
    def slack_on(self) -> bool:
        """Whether people are answered in Slack."""
        return bool(self.slack_chat_token.get_secret_value())

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> Self:
        told = (self.console_oidc_issuer, self.console_oidc_client_id, self.console_url, self.console_oidc_groups)
        if any(told[:2]) and not all(told):
            raise ValueError("OIDC needs AIGUY_CONSOLE_OIDC_ISSUER, …_CLIENT_ID, …_GROUPS and AIGUY_CONSOLE_URL")
        places = [one for one in (self.console_oidc_issuer, self.console_url) if one]
        if self.environment in {"staging", "production"} and any(not one.startswith("https://") for one in places):
            raise ValueError("AIGUY_CONSOLE_OIDC_ISSUER and AIGUY_CONSOLE_URL begin with https://")
        return self

    @property
    def oidc(self) -> OidcSettings | None:
        """The organisation's provider, when there is one."""
        if not self.console_oidc_issuer:
            return None
        return OidcSettings(
            self.console_oidc_issuer, self.console_oidc_client_id, self.console_oidc_client_secret.get_secret_value(),
            self.console_oidc_scope, self.console_url.rstrip("/"), self.console_oidc_groups,
            self.console_oidc_groups_claim,
        )  # fmt: skip

    @property
    def requests_at_once(self) -> int:
        """How many requests to models and tools may be under way: one per turn, of those that begin here and those of
        the queue, and some beside turns. With fewer, turns would wait for each other's models.
        """
        return 2 * self.worker_concurrency + 32


def load_issuers(path: Path) -> list[Issuer]:
    """The issuers of a JSON file: `[{"iss", "algorithms", "jwks_url" | "jwks_file" | "secret_file", "staff_of"}]`.

    Files are named relative to the list. One issuer signs in the site's customers, and may sign in its staff; further
    ones name it in `staff_of` and sign in staff alone. Raises ValueError when an issuer is incomplete, or is of another
    site.
    """
    issuers = []
    for entry in json.loads(path.read_text(encoding="utf-8")):
        jwks = secret = None
        if name := entry.get("jwks_file"):
            jwks = json.loads((path.parent / name).read_text(encoding="utf-8"))
        if name := entry.get("secret_file"):
            secret = (path.parent / name).read_bytes().strip()
        algorithms = tuple(entry.get("algorithms") or (("HS256",) if secret else ("EdDSA",)))
        issuers.append(
            Issuer(
                entry["iss"], algorithms, jwks_url=entry.get("jwks_url"), jwks=jwks, secret=secret,
                staff_of=entry.get("staff_of"),
            )
        )  # fmt: skip
    _check_one_site(issuers)
    return issuers


def _check_one_site(issuers: Sequence[Issuer]) -> None:
    """Tool services know a customer by the subject alone, which another site may have given to somebody else."""
    if len({one.iss for one in issuers}) < len(issuers):
        raise ValueError("an issuer is listed twice")
    sites = [one.iss for one in issuers if one.staff_of is None]
    if len(sites) > 1:
        raise ValueError(f"a stack serves the customers of one site, not of {sites}; issuers of staff name theirs")
    if lost := [one.iss for one in issuers if one.staff_of is not None and one.staff_of not in sites]:
        raise ValueError(f"staff_of of {lost} names no issuer of customers in the list")
