"""What the settings ask for, made: the desk of a remote ticket system, the ways out, and who of the staff is told."""

import base64
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from servicekit.clock import Clock
from servicekit.http.client import HttpPort
from servicekit.http.remote import Authority, FixedHeaders, RemoteApi
from servicekit.privacy import Finder
from servicekit.sealing.subjects import SubjectKeys
from servicekit.slack import slack_client
from tickets.backends.mail_message import mailbox
from tickets.backends.slack import SlackDelivery
from tickets.backends.smtp import SmtpDelivery, SmtpServer
from tickets.backends.webhook import WebhookDelivery
from tickets.backends.webhook_signing import SigningSecret
from tickets.backends.zendesk import ZendeskDesk
from tickets.backends.zendesk_api import SYSTEM, ZendeskApi
from tickets.backends.zendesk_erasing import ZendeskErasing
from tickets.backends.zendesk_oauth import ClientCredentials
from tickets.outbox.message import Delivery, Kind
from tickets.resolved.masking import Masking
from tickets.resolved.zendesk import ZendeskResolved
from tickets.settings import Settings
from tickets.staff_notices import StaffNotices, load_wording


def zendesk_desk(settings: Settings, http: HttpPort, clock: Clock) -> ZendeskDesk:
    """The desk, with the key that is set: OAuth when both are."""
    api = _zendesk_api(settings, http, clock)
    return ZendeskDesk(ZendeskApi(api), settings.zendesk_guest_name, settings.zendesk_order_field)


def zendesk_erasing(settings: Settings, http: HttpPort, clock: Clock) -> ZendeskErasing:
    """Deletes tickets there, with the same key."""
    return ZendeskErasing(ZendeskApi(_zendesk_api(settings, http, clock)))


def zendesk_resolved(settings: Settings, http: HttpPort, clock: Clock, mask: Masking) -> ZendeskResolved:
    """The search over solved tickets, with the same key."""
    return ZendeskResolved(_zendesk_api(settings, http, clock), mask)


def uses_api_token(settings: Settings) -> bool:
    """Whether Zendesk is called with an API token, which ends in April 2027."""
    return settings.tickets_backend == "zendesk" and not settings.zendesk_client_id


def deliveries(settings: Settings, http: HttpPort, clock: Clock) -> list[Delivery]:
    """The ways out that are set up."""
    found: list[Delivery] = []
    if settings.smtp_host:
        server = SmtpServer(
            host=settings.smtp_host, port=settings.smtp_port, tls=settings.smtp_tls,
            username=settings.smtp_username or None, password=settings.smtp_password.get_secret_value() or None,
            ca_file=settings.smtp_ca_file, timeout_s=settings.smtp_timeout_s,
        )  # fmt: skip
        reply_to = mailbox(settings.mail_reply_to) if settings.mail_reply_to else None
        found.append(SmtpDelivery(server, mailbox(settings.mail_from), reply_to))
    if token := settings.slack_bot_token.get_secret_value():
        found.append(SlackDelivery(slack_client(token, settings.slack_api_url, settings.slack_timeout_s)))
    if url := settings.tickets_webhook_url:
        secret = SigningSecret.read(settings.tickets_webhook_secret.get_secret_value())
        found.append(WebhookDelivery(url, secret, http, clock))
    return found


def staff_notices(settings: Settings, timezone: ZoneInfo, keys: SubjectKeys, finder: Finder) -> StaffNotices:
    """Tells those who are set, which may be nobody."""
    recipients: dict[Kind, str] = {}
    if settings.tickets_notice_email:
        recipients[Kind.EMAIL] = settings.tickets_notice_email
    if settings.tickets_notice_channel:
        recipients[Kind.SLACK] = settings.slack_channel_map[settings.tickets_notice_channel.removeprefix("#")]
    if settings.tickets_webhook_url:
        recipients[Kind.WEBHOOK] = urlsplit(settings.tickets_webhook_url).netloc
    return StaffNotices(recipients, timezone, load_wording(), keys, finder)


def _zendesk_api(settings: Settings, http: HttpPort, clock: Clock) -> RemoteApi:
    return RemoteApi(
        SYSTEM, settings.zendesk_url, http, _zendesk_key(settings, http, clock), timeout_s=settings.zendesk_timeout_s
    )


def _zendesk_key(settings: Settings, http: HttpPort, clock: Clock) -> Authority:
    if uses_api_token(settings):
        pair = f"{settings.zendesk_email}/token:{settings.zendesk_api_token.get_secret_value()}"
        return FixedHeaders({"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"})
    door = RemoteApi(SYSTEM, settings.zendesk_url, http, FixedHeaders({}), timeout_s=settings.zendesk_timeout_s)
    secret = settings.zendesk_client_secret.get_secret_value()
    return ClientCredentials(door, settings.zendesk_client_id, secret, settings.zendesk_scope, clock)
