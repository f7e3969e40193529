"""The e-mail channel and its codes, built once from the settings."""

from orchestrator.channels.email.channel import EmailChannel
from orchestrator.channels.email.proving import Proving
from orchestrator.effects.phrases import PhraseBook
from orchestrator.settings import Settings
from servicekit.context import Kit
from servicekit.crypto import MasterKeys


def email_channel(settings: Settings, site: str, keyring: MasterKeys) -> EmailChannel | None:
    """The channel; None where the shop takes no mails in."""
    if not settings.email_addresses:
        return None
    return EmailChannel(
        settings.email_addresses, site, keyring.derive("email-channel"), settings.email_authserv_id,
        settings.email_sender_hour, settings.email_sender_day,
    )  # fmt: skip


def email_proving(
    kit: Kit, settings: Settings, keyring: MasterKeys, channel: EmailChannel | None, phrases: PhraseBook
) -> Proving | None:
    """How a mail address is proven; None where that is switched off, or no mail is ever known to be authentic: no code
    could come back.
    """
    if channel is None or not settings.email_codes or not settings.email_authserv_id:
        return None
    counted = kit.metrics.counter(
        "aiguy_email_codes_total", "One-time codes for mail addresses, by what became of them", ["outcome"]
    )
    return Proving(
        channel, keyring.derive("email-codes"), kit.clock, counted, phrases.in_all_languages("prove_nobody"),
        settings.email_proof_hours * 3600.0,
    )  # fmt: skip
