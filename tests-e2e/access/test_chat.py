"""The orchestrator: nobody reads or changes what is somebody else's, also not a namesake at another site."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestrator.app import build
from orchestrator.settings import Settings
from servicekit.auth.keys import KeySet
from servicekit.kit import open_kit
from servicekit.testing import TestIssuer, running

from .callers import CALLERS, Tokens
from .chat_things import Chats, Colleagues
from .table import endpoints, nameless, routes
from .trying import Trial

pytestmark = pytest.mark.service
SERVICES = ("orchestrator", "orders", "billing", "tickets", "retrieval")


async def test_nobody_reaches_what_is_somebody_elses(
    database_url: Callable[[str], str], redis_url: str, master_key_file: Path, tmp_path: Path
) -> None:
    KeySet.generate().save(tmp_path / "signing.json")
    (tmp_path / "issuers.json").write_text("[]")
    settings = Settings(
        environment="test", database_url=database_url("orchestrator"), redis_url=redis_url, worker="off",
        master_key_file=master_key_file, signing_keys=tmp_path / "signing.json", issuers_file=tmp_path / "issuers.json",
        chat_limit_s=0.01, rate_limit_per_minute=1_000_000, rate_factor=100_000,
        email_addresses=("support@shop.example",), email_webhook_secret=SecretStr("whsec_" + "QUFB" * 10),
    )  # fmt: skip
    ours, other = TestIssuer.create("our-shop"), TestIssuer.create("other-shop")
    app = build(settings, kit_factory=lambda told: open_kit(told, issuers=[ours.trust, other.trust]))
    async with running(app) as http:
        app.state.gaps = replace(app.state.gaps, colleagues=Colleagues())
        app.state.knowledge = Colleagues()
        app.state.privacy = replace(app.state.privacy, elsewhere=Colleagues())
        table = endpoints("orchestrator")
        assert sorted(routes(app)) == sorted(nameless(str(one)) for one in table)
        tokens = Tokens("orchestrator", ours, other, TestIssuer.create("our-shop"))
        trial = Trial(http, settings.database_url, tokens, await Chats(app, http, tokens).all(), knows_elsewhere=True)
        tried = await trial.run(table)
    assert trial.failures == [], "\n".join(trial.failures[:20])
    print(f"orchestrator: {tried} calls")


def test_the_table_has_more_than_two_thousand_cells() -> None:
    """Not counted: what is public."""
    cells = 0
    for service in SERVICES:
        things = 5 if service == "orchestrator" else 4
        private = [one for one in endpoints(service) if one.may != "public"]
        cells += sum(len(one.asks) for one in private) * len(CALLERS) * things
    assert cells >= 2_000
    print(f"{cells} cells")
