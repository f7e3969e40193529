"""The console's collaborators, from the kit and the settings."""

from orchestrator.confidence.policy import load_escalation_policy
from orchestrator.console.guarding import SIGN_IN, ConsoleRoom
from orchestrator.console.navigation import links_for
from orchestrator.console.oidc.leaving import SIGNED_OUT
from orchestrator.console.oidc.provider import Client, Provider
from orchestrator.console.oidc.signing_in import OidcSignIn
from orchestrator.console.pages import PAGES
from orchestrator.console.rendering import Templates
from orchestrator.console.replaying import ReplayDesk
from orchestrator.console.roles import ConsoleRole, scopes_of
from orchestrator.console.sessions import Sessions
from orchestrator.limits.policy import LimitsPolicy
from orchestrator.refund_books import RefundBooks
from orchestrator.replay.offline import OfflineSandbox
from orchestrator.replay.reading import Recordings
from orchestrator.settings import Settings
from servicekit.auth.claims import Role
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.context import Kit
from servicekit.crypto import MasterKeys
from servicekit.db.pool import Database
from servicekit.demo_people import KIM, LEE
from servicekit.language import LanguageDetector

_DEMO = {"kim": (KIM, ConsoleRole.ADMIN), "lee": (LEE, ConsoleRole.APPROVER)}


def console_room(
    kit: Kit, settings: Settings, keyring: MasterKeys, languages: LanguageDetector, site: str
) -> ConsoleRoom:
    """What the console's pages use. The demo's staff sign in by a button where the demo page is served."""
    sessions = Sessions(
        keyring.derive("console-forms"), keyring.derive("console-id-tokens"), settings.console_session_s,
        settings.console_idle_s,
    )  # fmt: skip
    demo = _DemoStaff(settings) if settings.demo else None
    return ConsoleRoom(
        sessions, kit.verifier, Templates(), languages, settings.console_sla_s,
        lambda caller: links_for(PAGES, caller), None if demo is None else demo.token,
        _oidc(kit, settings, site),
    )  # fmt: skip


def _oidc(kit: Kit, settings: Settings, site: str) -> OidcSignIn | None:
    told = settings.oidc
    if told is None:
        return None
    groups = {group: ConsoleRole(role) for group, role in told.groups.items()}
    client = Client(
        told.issuer, told.client_id, f"{told.console_url}{SIGN_IN}/oidc/callback", f"{told.console_url}{SIGNED_OUT}",
        told.scope, told.secret,
    )  # fmt: skip
    return OidcSignIn(Provider(client, kit.http, kit.clock), groups, told.groups_claim, site)


def replay_desk(
    database: Database, recordings: Recordings, limits: LimitsPolicy, books: RefundBooks, sandbox: OfflineSandbox
) -> ReplayDesk:
    """What the pages of replay use, with the policies that are in force."""
    return ReplayDesk(database, recordings, load_escalation_policy(), limits, books, sandbox)


class _DemoStaff:
    """Signs the demo's staff in, as a shop would that has no other way."""

    def __init__(self, settings: Settings) -> None:
        if settings.demo_issuer_keys is None:
            raise ValueError("AIGUY_DEMO needs AIGUY_DEMO_ISSUER_KEYS")
        self._minter = TokenMinter(KeySet.load(settings.demo_issuer_keys), "aiguy-demo", SystemClock())
        self._audience = settings.service

    def token(self, who: str) -> str:
        """A token of `kim` or `lee`."""
        person, role = _DEMO[who]
        return self._minter.mint(
            audience=self._audience, subject=person.subject, role=Role.STAFF, scopes=scopes_of([role]),
            name=person.name, email=person.email,
        )  # fmt: skip
