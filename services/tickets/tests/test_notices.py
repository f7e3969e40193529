"""E-mails and Slack notices: who may send them, to whom, and that they really go out, once for each key."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest

from contracts import headers
from contracts.errors import ProblemCode
from contracts.mails import OUTCOME_PATH, OUTCOME_SCOPE
from contracts.manifest import MANIFEST_PATH
from contracts.registry import AnyContract
from contracts.tools.tickets import EMAIL_ANSWER, SEND_EMAIL, SLACK_POST_MESSAGE
from servicekit.auth.claims import Role
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.faulty import Fault, Faults
from servicekit.testing.slack import FakeSlack
from servicekit.testing.tool_client import ToolClient, tool_service
from servicekit.testing.waiting import eventually
from tickets.app import build
from tickets.settings import Settings

from .fake_smtp import FakeSmtp

pytestmark = pytest.mark.service
MAIL = {"subject": "Your order", "body": "It is on its way."}
NOTICE = {"channel": "#support", "text": "Ada waits."}
STAFF = {"subject": "agent_7", "role": Role.STAFF}
ORCHESTRATOR = {"subject": "cust_ada", "actor": "orchestrator"}
ADDRESS = "ada@example.org"


@pytest.fixture
async def sending(settings: Settings, ways_out: dict[str, Any], clock: FakeClock) -> AsyncIterator[ToolClient]:
    """The service with both ways out."""
    full = Settings.model_validate(settings.model_dump() | ways_out)
    async with tool_service(lambda kit: build(full, kit_factory=kit), clock) as client:
        async with client.kit.db.primary() as connection:
            await connection.execute("DELETE FROM outbox")
        yield client


async def test_the_customer_confirms_the_mail_and_sees_only_a_hint_of_the_address(sending: ToolClient) -> None:
    preview = await _post(sending, SEND_EMAIL.preview_path, SEND_EMAIL, MAIL, email=ADDRESS)
    assert preview.json()["after"] == {
        "to": "a\u2022\u2022\u2022@example.org", "subject": "Your order", "message": "It is on its way.",
    }  # fmt: skip
    assert ADDRESS not in preview.text


async def test_a_confirmed_mail_goes_to_the_address_of_the_token(
    sending: ToolClient, smtp: FakeSmtp, clock: FakeClock
) -> None:
    answer = await _mail(sending, "k-1")
    assert answer.status_code == 200, answer.text
    await eventually(lambda: smtp.mails)
    (mail,) = smtp.mails
    assert (mail["To"], mail["Subject"]) == (ADDRESS, "Your order")
    assert mail["Message-ID"] == f"<{answer.json()['message_id']}@shop.example>"
    assert answer.json()["queued_at"] == clock.now().isoformat().replace("+00:00", "Z")


async def test_without_a_confirmation_nothing_is_queued(sending: ToolClient) -> None:
    answer = await _post(sending, SEND_EMAIL.path, SEND_EMAIL, MAIL, email=ADDRESS)
    assert_problem(answer, ProblemCode.CONFIRMATION_REQUIRED)
    assert await _queued(sending) == 0


async def test_twenty_calls_with_one_key_are_one_mail(sending: ToolClient, smtp: FakeSmtp) -> None:
    grant = await _grant(sending)
    answers = await asyncio.gather(*(_mail(sending, "k-2", grant) for _ in range(20)))
    assert {one.status_code for one in answers} <= {200, 409}
    assert {one.json()["code"] for one in answers if one.status_code == 409} <= {"idempotency_in_flight"}
    assert (await _mail(sending, "k-2", grant)).json() in [one.json() for one in answers if one.status_code == 200]
    await eventually(lambda: _all_sent(sending))
    assert (await _queued(sending), len(smtp.mails)) == (1, 1)


@pytest.mark.parametrize("field", ["to", "recipient", "email", "cc", "bcc", "reply_to"])
async def test_an_address_cannot_be_given_by_the_model(sending: ToolClient, field: str) -> None:
    arguments = {**MAIL, field: "eve@evil.example"}
    answer = await _post(sending, SEND_EMAIL.preview_path, SEND_EMAIL, arguments, email=ADDRESS)
    assert_problem(answer, ProblemCode.INVALID_REQUEST)


@pytest.mark.parametrize(
    "email", [None, "ada@example.org, eve@evil.example", "Ada <ada@example.org>", "ada@example.org\nBcc: eve@x.example"]
)
async def test_a_token_without_one_plain_address_gets_no_mail(sending: ToolClient, email: str | None) -> None:
    answer = await _post(sending, SEND_EMAIL.preview_path, SEND_EMAIL, MAIL, email=email)
    assert_problem(answer, ProblemCode.FORBIDDEN)
    assert "eve" not in answer.text


async def test_a_subject_of_two_lines_is_refused(sending: ToolClient) -> None:
    arguments = {**MAIL, "subject": "Hi\r\nBcc: eve@evil.example"}
    answer = await _post(sending, SEND_EMAIL.preview_path, SEND_EMAIL, arguments, email=ADDRESS)
    assert_problem(answer, ProblemCode.INVALID_REQUEST)


async def test_guests_send_no_mail(sending: ToolClient) -> None:
    who = {"subject": "guest_1", "role": Role.GUEST, "email": ADDRESS}
    assert_problem(await _post(sending, SEND_EMAIL.preview_path, SEND_EMAIL, MAIL, **who), ProblemCode.FORBIDDEN)


async def test_a_mail_server_that_is_away_is_not_the_callers_trouble(
    sending: ToolClient, smtp: FakeSmtp, clock: FakeClock
) -> None:
    smtp.data.append("451 later")
    answer = await _mail(sending, "k-3")
    assert answer.status_code == 200
    await eventually(lambda: _tried(sending, 1))
    assert smtp.mails == []
    clock.advance(3600)
    await eventually(lambda: smtp.mails)


async def test_a_promised_answer_goes_out_once_to_the_address_of_the_token(sending: ToolClient, smtp: FakeSmtp) -> None:
    send = partial(_post, sending, EMAIL_ANSWER.path, EMAIL_ANSWER, email=ADDRESS, **ORCHESTRATOR)
    for body in ("It is on its way.", "It is on its way.", "Other words."):
        answer = await send({"subject": "Your answer", "body": body}, more={headers.IDEMPOTENCY_KEY: "answer-1"})
        assert answer.status_code == (422 if body == "Other words." else 200), answer.text
    await eventually(lambda: smtp.mails)
    assert [one["To"] for one in smtp.mails] == [ADDRESS]
    assert await _queued(sending) == 1


async def test_an_answer_to_a_mail_is_part_of_its_thread(sending: ToolClient, smtp: FakeSmtp) -> None:
    thread = {"reply_tag": "abc123", "in_reply_to": "two@example.org", "references": ["one@x", "two@example.org"]}
    guest = {"subject": "guest_0123456789abcdef", "role": Role.GUEST, "actor": "orchestrator"}
    answer = await _post(sending, EMAIL_ANSWER.path, EMAIL_ANSWER, MAIL | thread, email=ADDRESS, **guest)
    assert answer.status_code == 200, answer.text
    await eventually(lambda: smtp.mails)
    (mail,) = smtp.mails
    assert (mail["In-Reply-To"], mail["References"]) == ("<two@example.org>", "<one@x> <two@example.org>")
    assert (mail["Reply-To"], mail["Auto-Submitted"]) == ("Shop <support+abc123@shop.example>", "auto-replied")
    await eventually(lambda: _all_sent(sending))
    async with sending.kit.db.primary() as connection:
        assert await connection.fetchval("SELECT headers FROM outbox") == b"", "what was sent is kept no longer"


@pytest.mark.parametrize(
    "wrong",
    [
        {"reply_tag": "a@evil.example,b"}, {"reply_tag": "a" * 59}, {"in_reply_to": "a@x>\r\nBcc: eve@evil.example"},
        {"references": ["a b"]}, {"references": ["a@x"] * 21}, {"reply_to": "eve@evil.example"},
    ],
)  # fmt: skip
async def test_no_header_is_written_by_what_a_thread_is_called(sending: ToolClient, wrong: dict[str, Any]) -> None:
    answer = await _post(sending, EMAIL_ANSWER.path, EMAIL_ANSWER, MAIL | wrong, email=ADDRESS, **ORCHESTRATOR)
    assert_problem(answer, ProblemCode.INVALID_REQUEST)
    assert await _queued(sending) == 0


@pytest.mark.parametrize(("refused", "state"), [(False, "sent"), (True, "failed")])
async def test_who_had_it_sent_hears_whether_it_was_taken(
    sending: ToolClient, smtp: FakeSmtp, refused: bool, state: str
) -> None:
    smtp.rcpt.extend(["550 5.1.1 no such user"] * refused)
    guest = {"subject": "guest_0123456789abcdef", "role": Role.GUEST, "actor": "orchestrator"}
    sent = await _post(sending, EMAIL_ANSWER.path, EMAIL_ANSWER, MAIL, email="gus@example.org", **guest)
    assert sent.status_code == 200, sent.text
    asked = {"message_id": sent.json()["message_id"]}

    async def ended() -> bool:
        return bool((await _outcome(sending, asked)).json()["state"] == state)

    await eventually(ended)
    told = (await _outcome(sending, asked)).json()
    assert bool(told["reason"]) is refused
    assert "gus" not in str(told)
    assert (await _outcome(sending, {"message_id": "msg_none"})).json()["state"] == "unknown"


@pytest.mark.parametrize("who", [{"subject": "cust_ada"}, ORCHESTRATOR, {"subject": "guest_1", "role": Role.GUEST}])
async def test_customers_and_guests_hear_nothing_of_mails(sending: ToolClient, who: dict[str, Any]) -> None:
    assert_problem(await _outcome(sending, {"message_id": "msg_none"}, **who), ProblemCode.FORBIDDEN)


async def test_a_customer_sends_no_answer_even_with_the_scope(sending: ToolClient) -> None:
    for path in (EMAIL_ANSWER.path, EMAIL_ANSWER.preview_path):
        assert_problem(await _post(sending, path, EMAIL_ANSWER, MAIL, email=ADDRESS), ProblemCode.FORBIDDEN)
    assert await _queued(sending) == 0


@pytest.mark.parametrize("who", [STAFF, ORCHESTRATOR], ids=["staff", "orchestrator"])
async def test_staff_and_the_orchestrator_may_post_to_slack(
    sending: ToolClient, slack: FakeSlack, who: dict[str, Any]
) -> None:
    answer = await _post(sending, SLACK_POST_MESSAGE.path, SLACK_POST_MESSAGE, NOTICE, **who)
    assert answer.status_code == 200, answer.text
    await eventually(lambda: slack.posts)
    (post,) = slack.posts
    assert (post["channel"], post["text"]) == ("#support", "Ada waits.")


async def test_a_channel_may_have_its_id_in_the_settings(sending: ToolClient, slack: FakeSlack) -> None:
    await _post(sending, SLACK_POST_MESSAGE.path, SLACK_POST_MESSAGE, {**NOTICE, "channel": "ops"}, **STAFF)
    await eventually(lambda: slack.posts)
    assert slack.posts[0]["channel"] == "C0123ABCD"


@pytest.mark.parametrize("channel", ["general", "#general", "c0123abcd"])
async def test_a_channel_that_is_not_listed_is_refused(sending: ToolClient, channel: str) -> None:
    arguments = {**NOTICE, "channel": channel}
    answer = await _post(sending, SLACK_POST_MESSAGE.path, SLACK_POST_MESSAGE, arguments, **STAFF)
    assert_problem(answer, ProblemCode.FORBIDDEN)
    assert await _queued(sending) == 0


async def test_a_customer_posts_nothing_even_with_the_scope(sending: ToolClient) -> None:
    answer = await _post(sending, SLACK_POST_MESSAGE.path, SLACK_POST_MESSAGE, NOTICE)
    assert_problem(answer, ProblemCode.FORBIDDEN)
    assert await _queued(sending) == 0


async def test_a_limit_of_slacks_is_kept(
    sending: ToolClient, slack: FakeSlack, slack_faults: Faults, clock: FakeClock
) -> None:
    slack_faults.next(Fault.status(429, {"retry-after": "7"}))
    await _post(sending, SLACK_POST_MESSAGE.path, SLACK_POST_MESSAGE, NOTICE, **STAFF)
    await eventually(lambda: _tried(sending, 1))
    clock.advance(7)
    await eventually(lambda: slack.posts)
    assert len(slack_faults.seen) == 2


async def test_the_manifest_offers_what_is_set_up(sending: ToolClient, service: ToolClient) -> None:
    assert await _offered(sending) == {
        "create_ticket", "handoff_human", "send_email", "email_answer", "slack_post_message",
    }  # fmt: skip
    assert await _offered(service) == {"create_ticket", "handoff_human"}


@pytest.mark.parametrize("contract", [SEND_EMAIL, SLACK_POST_MESSAGE], ids=lambda one: one.name)
async def test_what_is_not_set_up_says_so(service: ToolClient, contract: AnyContract) -> None:
    arguments = MAIL if contract is SEND_EMAIL else NOTICE
    answer = await _post(service, contract.path, contract, arguments, email=ADDRESS, **STAFF)
    assert_problem(answer, ProblemCode.NOT_IMPLEMENTED)


async def _grant(client: ToolClient) -> str:
    preview = await _post(client, SEND_EMAIL.preview_path, SEND_EMAIL, MAIL, email=ADDRESS)
    assert preview.status_code == 200, preview.text
    return client.grant(SEND_EMAIL, preview.json()["digest"])


async def _mail(client: ToolClient, key: str, grant: str | None = None) -> httpx.Response:
    more = {headers.IDEMPOTENCY_KEY: key, headers.GRANT: grant or await _grant(client)}
    return await _post(client, SEND_EMAIL.path, SEND_EMAIL, MAIL, more, email=ADDRESS)


async def _post(
    client: ToolClient, path: str, contract: AnyContract, arguments: dict[str, str],
    more: dict[str, str] | None = None, **who: Any,
) -> httpx.Response:  # fmt: skip
    sent = client.issuer.bearer(contract.family.value, contract.scope, **who)
    return await client.http.post(
        path, json=arguments, headers={headers.IDEMPOTENCY_KEY: secrets.token_hex(8), **sent, **(more or {})}
    )


async def _outcome(client: ToolClient, asked: dict[str, str], **who: Any) -> httpx.Response:
    told = who or {"subject": "orchestrator", "role": Role.SERVICE}
    return await client.http.post(
        OUTCOME_PATH, json=asked, headers=client.issuer.bearer("tickets", OUTCOME_SCOPE, **told)
    )


async def _offered(client: ToolClient) -> set[str]:
    manifest = (await client.http.get(MANIFEST_PATH)).json()
    return {tool["name"] for tool in manifest["tools"] if tool["available"]}


async def _queued(client: ToolClient) -> int:
    async with client.kit.db.primary() as connection:
        found: int = await connection.fetchval("SELECT count(*) FROM outbox")
    return found


async def _all_sent(client: ToolClient) -> bool:
    async with client.kit.db.primary() as connection:
        return bool(await connection.fetchval("SELECT bool_and(state = 'sent') FROM outbox"))


async def _tried(client: ToolClient, times: int) -> bool:
    async with client.kit.db.primary() as connection:
        return bool(await connection.fetchval("SELECT bool_and(tries = $1 AND reason <> '') FROM outbox", times))
