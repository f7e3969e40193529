"""What the tickets service is told from outside, beyond what every service is told."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from servicekit.addresses import is_address
from servicekit.settings import ServiceSettings
from tickets.backends.mail_message import mailbox
from tickets.backends.webhook_address import wrong_with_address
from tickets.backends.webhook_signing import SigningSecret


class Settings(ServiceSettings):
    """Environment `AIGUY_*`; see `ServiceSettings` for the other names, and for secrets that come in files."""

    service: str = "tickets"
    port: int = 8083
    #: What the numbers of our own tickets begin with: `HP-10023`.
    ticket_prefix: str = Field(default="HP-", pattern=r"^[A-Z0-9-]{0,8}$")
    tickets_backend: Literal["postgres", "zendesk"] = "postgres"
    #: How long a hand-over keeps its summary and transcript: as long as conversations are kept.
    ticket_transcripts_days: int = Field(default=365, ge=1, le=3650)

    #: `https://<shop>.zendesk.com`.
    zendesk_url: str = ""
    zendesk_client_id: str = ""
    zendesk_client_secret: SecretStr = SecretStr("")
    zendesk_scope: str = "tickets:read tickets:write users:write"
    #: Deprecated: Zendesk ends API tokens on 30 April 2027.
    zendesk_email: str = ""
    zendesk_api_token: SecretStr = SecretStr("")
    #: The number of the custom field for the order's id; without it the order is a tag.
    zendesk_order_field: int | None = None
    zendesk_guest_name: str = Field(default="Website visitor", min_length=1)
    zendesk_timeout_s: float = Field(default=4.0, gt=0)

    #: Without a host `send_email` is not available.
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_tls: Literal["tls", "starttls", "none"] = "starttls"
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    #: Certificates to believe instead of the machine's.
    smtp_ca_file: Path | None = None
    smtp_timeout_s: float = Field(default=10.0, gt=0)
    #: `Shop <support@example.org>`, or the address alone.
    mail_from: str = ""
    mail_reply_to: str = ""

    #: Without a token `slack_post_message` is not available.
    slack_bot_token: SecretStr = SecretStr("")
    #: The channels that may be asked for, comma separated; `name=C0123ABCD` when Slack is to be told the channel's id.
    slack_channels: str = ""
    slack_api_url: str = "https://slack.com/api"
    slack_timeout_s: int = Field(default=10, ge=1)

    #: Where staff hear of new tickets and hand-overs, and of first replies that are due; empty: nowhere.
    tickets_notice_email: str = ""
    #: One of `slack_channels`, by its name.
    tickets_notice_channel: str = ""
    #: A site that is told by webhook; the secret is `whsec_` and 24 to 64 bytes in base64.
    tickets_webhook_url: str = ""
    tickets_webhook_secret: SecretStr = SecretStr("")
    #: How often it is looked which first replies are due; 0: never.
    tickets_sla_every_s: float = Field(default=30.0, ge=0)

    #: With the usual waits these are a night and more: whoever can mend the other side may be asleep.
    outbox_tries: int = Field(default=30, ge=1)
    outbox_poll_s: float = Field(default=1.0, gt=0)

    @property
    def slack_channel_map(self) -> dict[str, str]:
        """Name → what Slack is told."""
        pairs = (entry.strip().removeprefix("#").partition("=") for entry in self.slack_channels.split(","))
        return {name: channel or f"#{name}" for name, _, channel in pairs if name}

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        lacks = (self._zendesk_lacks, self._mail_lacks, self._slack_lacks, self._notices_lack, self._webhook_lacks)
        for lack in lacks:
            if wrong := lack():
                raise ValueError(wrong)
        return self

    def _zendesk_lacks(self) -> str:
        if self.tickets_backend != "zendesk":
            return ""
        oauth = self.zendesk_client_id and self.zendesk_client_secret.get_secret_value()
        token = self.zendesk_email and self.zendesk_api_token.get_secret_value()
        half = bool(self.zendesk_client_id) != bool(self.zendesk_client_secret.get_secret_value())
        if not self.zendesk_url or half or not (oauth or token):
            return "zendesk needs AIGUY_ZENDESK_URL, AIGUY_ZENDESK_CLIENT_ID and AIGUY_ZENDESK_CLIENT_SECRET"
        return "AIGUY_ZENDESK_URL must begin with https://" if self._is_open(self.zendesk_url) else ""

    def _mail_lacks(self) -> str:
        if not self.smtp_host:
            return ""
        try:
            for address in filter(None, (self.mail_from or "-", self.mail_reply_to)):
                mailbox(address)
        except ValueError:
            return "e-mail needs a mail address in AIGUY_MAIL_FROM, and none or one in AIGUY_MAIL_REPLY_TO"
        if bool(self.smtp_username) != bool(self.smtp_password.get_secret_value()):
            return "AIGUY_SMTP_USERNAME and AIGUY_SMTP_PASSWORD come together"
        return "a password is never sent without TLS" if self.smtp_username and self.smtp_tls == "none" else ""

    def _slack_lacks(self) -> str:
        if not self.slack_bot_token.get_secret_value():
            return ""
        if not self.slack_channel_map:
            return "Slack needs AIGUY_SLACK_CHANNELS"
        return "AIGUY_SLACK_API_URL must begin with https://" if self._is_open(self.slack_api_url) else ""

    def _notices_lack(self) -> str:
        if self.tickets_notice_email and not self.smtp_host:
            return "AIGUY_TICKETS_NOTICE_EMAIL needs AIGUY_SMTP_HOST: there is no way to send an e-mail"
        if self.tickets_notice_email and not is_address(self.tickets_notice_email):
            return "AIGUY_TICKETS_NOTICE_EMAIL must be one plain mail address, without a name"
        if self.tickets_notice_channel and not self.slack_bot_token.get_secret_value():
            return "AIGUY_TICKETS_NOTICE_CHANNEL needs AIGUY_SLACK_BOT_TOKEN: there is no way to post to Slack"
        channel = self.tickets_notice_channel.removeprefix("#")
        listed = not self.tickets_notice_channel or channel in self.slack_channel_map
        return "" if listed else "AIGUY_TICKETS_NOTICE_CHANNEL must be one of AIGUY_SLACK_CHANNELS"

    def _webhook_lacks(self) -> str:
        url, secret = self.tickets_webhook_url, self.tickets_webhook_secret.get_secret_value()
        if bool(url) != bool(secret):
            return "AIGUY_TICKETS_WEBHOOK_URL and AIGUY_TICKETS_WEBHOOK_SECRET come together"
        if not url:
            return ""
        if wrong := wrong_with_address(url):
            return f"AIGUY_TICKETS_WEBHOOK_URL {wrong}"
        try:
            SigningSecret.read(secret)
        except ValueError as error:
            return f"AIGUY_TICKETS_WEBHOOK_SECRET: {error}"
        return ""

    def _is_open(self, url: str) -> bool:
        """Whether a key would go over an open line; tests and demos talk to servers of their own."""
        return not url.startswith("https://") and self.environment not in ("local", "test")
