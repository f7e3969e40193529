"""Staff hear in Slack what waits for their approval, and are reminded at half time."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from e2e.shop import paid_order
from onebox.stack import SERVICES
from servicekit.testing import eventually
from servicekit.testing.live import live_server
from servicekit.testing.slack import TOKEN, FakeSlack

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def slack(running_machine, short_approvals) -> AsyncIterator[FakeSlack]:
    """The team's workspace; staff have four seconds."""
    workspace = FakeSlack()
    with live_server(workspace.app()) as url:  # type: ignore[arg-type]
        told = {"AIGUY_SLACK_BOT_TOKEN": TOKEN, "AIGUY_SLACK_API_URL": f"{url}/api", "AIGUY_SLACK_CHANNELS": "refunds"}
        await running_machine.stack.restart("tickets", told)
        await running_machine.reconfigure({**running_machine.extra, "AIGUY_APPROVALS_CHANNEL": "refunds"})
        yield workspace
        await running_machine.stack.restart("tickets")
        await running_machine.ready(*SERVICES)


async def test_staff_are_told_and_reminded(running_machine, slack: FakeSlack, visit) -> None:
    shop = await paid_order(running_machine)
    visitor = visit(shop.person)
    turn = await visitor.say(f"Refund order {shop.order} for $200")
    assert (await visitor.decide(turn, True)).status_code == 202
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "expired"
    await eventually(lambda: len(slack.posts) == 2, 20)
    first, again = (str(post) for post in slack.posts)
    assert "Waiting for 1 approval" in first
    assert "200.00 USD" in first
    assert "Still waiting for 1 approval" in again
    assert shop.person.subject not in first + again
