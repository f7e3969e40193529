"""Settings that do not fit together stop the service at its start, in a sentence that says what is missing."""

from typing import Any

import pytest
from pydantic import ValidationError

from tickets.settings import Settings

ZENDESK = {
    "tickets_backend": "zendesk", "zendesk_url": "https://shop.zendesk.com", "zendesk_client_id": "bot",
    "zendesk_client_secret": "made-up",
}  # fmt: skip
MAIL = {"smtp_host": "mail.example", "mail_from": "Shop <support@shop.example>"}
SLACK = {"slack_bot_token": "xoxb-made-up", "slack_channels": "support"}
NOTICES = {**MAIL, **SLACK, "tickets_notice_email": "staff@shop.example", "tickets_notice_channel": "#support"}
WEBHOOK = {
    "tickets_webhook_url": "https://shop.example/wp-json/aiguy/v1/webhooks",
    "tickets_webhook_secret": "whsec_bWFkZS11cC1hbmQtbG9uZy1lbm91Z2gtZm9yLWl0",
}


def made(**given: Any) -> Settings:
    return Settings(database_url="postgresql://127.0.0.1/x", environment="production", **given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({**ZENDESK, "zendesk_url": ""}, "AIGUY_ZENDESK_URL"),
        ({**ZENDESK, "zendesk_client_secret": ""}, "AIGUY_ZENDESK_CLIENT_SECRET"),
        ({**ZENDESK, "zendesk_client_id": "", "zendesk_email": "bot@shop.example"}, "AIGUY_ZENDESK_CLIENT_ID"),
        (
            {**ZENDESK, "zendesk_client_secret": "", "zendesk_email": "bot@shop.example", "zendesk_api_token": "t"},
            "AIGUY_ZENDESK_CLIENT_SECRET",
        ),
        ({**ZENDESK, "zendesk_url": "http://shop.zendesk.com"}, "AIGUY_ZENDESK_URL must begin with https://"),
        ({"tickets_backend": "jira"}, "'postgres' or 'zendesk'"),
        ({**MAIL, "mail_from": ""}, "AIGUY_MAIL_FROM"),
        ({**MAIL, "mail_from": "Shop"}, "AIGUY_MAIL_FROM"),
        ({**MAIL, "mail_from": "a@shop.example\nBcc: eve@evil.example"}, "AIGUY_MAIL_FROM"),
        ({**MAIL, "mail_reply_to": "nobody"}, "AIGUY_MAIL_REPLY_TO"),
        ({**MAIL, "smtp_username": "mailer"}, "AIGUY_SMTP_PASSWORD"),
        ({**MAIL, "smtp_username": "mailer", "smtp_password": "p", "smtp_tls": "none"}, "never sent without TLS"),
        ({"tickets_notice_email": "staff@shop.example"}, "AIGUY_TICKETS_NOTICE_EMAIL needs AIGUY_SMTP_HOST"),
        (
            {**MAIL, "tickets_notice_email": "Staff <staff@shop.example>"},
            "AIGUY_TICKETS_NOTICE_EMAIL must be one plain",
        ),
        ({**MAIL, "tickets_notice_email": "a@shop.example, b@shop.example"}, "AIGUY_TICKETS_NOTICE_EMAIL must be one"),
        ({"tickets_notice_channel": "support"}, "AIGUY_TICKETS_NOTICE_CHANNEL needs AIGUY_SLACK_BOT_TOKEN"),
        ({**SLACK, "tickets_notice_channel": "general"}, "AIGUY_TICKETS_NOTICE_CHANNEL must be one of AIGUY_SLACK_CH"),
        ({**WEBHOOK, "tickets_webhook_secret": ""}, "AIGUY_TICKETS_WEBHOOK_SECRET come together"),
        ({**WEBHOOK, "tickets_webhook_url": ""}, "AIGUY_TICKETS_WEBHOOK_SECRET come together"),
        ({**WEBHOOK, "tickets_webhook_secret": "whsec_bWFkZS11cA=="}, "24 to 64 bytes in base64"),
        ({**WEBHOOK, "tickets_webhook_url": "http://shop.example/hook"}, "AIGUY_TICKETS_WEBHOOK_URL must begin with"),
        ({**WEBHOOK, "tickets_webhook_url": "http://127.0.0.1.shop.example/hook"}, "must begin with https://"),
        ({**WEBHOOK, "tickets_webhook_url": "http://10.0.0.1/hook"}, "must begin with https://"),
        ({**WEBHOOK, "tickets_webhook_url": "ftp://shop.example/hook"}, "must begin with https://"),
        ({**WEBHOOK, "tickets_webhook_url": "shop.example/hook"}, "is no address"),
        ({**WEBHOOK, "tickets_webhook_url": "https://"}, "is no address"),
        ({**WEBHOOK, "tickets_webhook_url": "https://[::1/hook"}, "is no address"),
        ({**WEBHOOK, "tickets_webhook_url": "https://shop.example:99999/hook"}, "is no address"),
        ({**WEBHOOK, "tickets_webhook_url": "https://shop.example/a hook"}, "is no address"),
        ({**WEBHOOK, "tickets_webhook_url": "https://ada:made-up@shop.example/"}, "must not have a login"),
        ({**SLACK, "slack_channels": " , "}, "AIGUY_SLACK_CHANNELS"),
        ({**SLACK, "slack_api_url": "http://slack.example/api"}, "AIGUY_SLACK_API_URL must begin with https://"),
    ],
)
def test_what_does_not_fit_is_said_at_the_start(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        made(**given)
    assert says in str(caught.value)
    assert "made-up" not in str(caught.value)
    assert "bWFkZS11cC" not in str(caught.value)


@pytest.mark.parametrize("given", [{}, ZENDESK, MAIL, SLACK, NOTICES, WEBHOOK, {**ZENDESK, **NOTICES}])
def test_what_is_complete_starts_and_keeps_its_secrets(given: dict[str, Any]) -> None:
    assert "made-up" not in repr(made(**given))
    assert "bWFkZS11cC" not in repr(made(**given))


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:80"])
def test_a_webhook_on_this_machine_needs_no_tls(host: str) -> None:
    url = f"http://{host}/webhooks"
    assert made(**{**WEBHOOK, "tickets_webhook_url": url}).tickets_webhook_url == url


def test_channels_are_names_with_or_without_an_id() -> None:
    settings = made(**{**SLACK, "slack_channels": "support, #ops=C0123ABCD,,"})
    assert settings.slack_channel_map == {"support": "#support", "ops": "C0123ABCD"}
