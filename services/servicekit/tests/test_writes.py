"""Writes over HTTP: confirmed effects, idempotency, and what is left behind when something goes wrong."""

import asyncio

import pytest

from contracts.errors import ProblemCode
from contracts.tool import ApprovalRule
from servicekit.addresses import fingerprint
from servicekit.errors import ProblemError
from servicekit.testing.sample.tools import Sample
from servicekit.tool_router import ToolBinding

pytestmark = pytest.mark.service
NOTE, PREVIEW, WRITE = "/tools/add_order_note", "/tools/add_order_note/preview", "orders.note_own"
REFUND, REFUND_SCOPE = "/tools/issue_refund", "billing.refund"
BODY = {"order_id": "ABC123", "note": "Please ring twice"}


async def preview(service, body=BODY, path=PREVIEW, scope=WRITE, audience="orders", **who):
    answer = await service.client.post(path, json=body, headers=service.issuer.bearer(audience, scope, **who))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def confirmed_headers(service, key, body=BODY, **grant):
    digest = (await preview(service, body))["digest"]
    token = service.issuer.grant("orders", "add_order_note", digest, **grant)
    return {**service.issuer.bearer("orders", WRITE), "idempotency-key": key, "x-aiguy-grant": token}


async def test_a_confirmed_write_happens_once_and_its_answer_is_kept(serve):
    async with serve() as service:
        headers = await confirmed_headers(service, "k1")
        first = await service.client.post(NOTE, json=BODY, headers=headers)
        again = await service.client.post(NOTE, json=BODY, headers=headers)
        effects = await service.effects()
    assert (first.status_code, again.status_code, effects) == (200, 200, 1)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers


async def test_a_replay_needs_no_new_grant_but_still_a_token_with_the_scope(serve):
    async with serve() as service:
        headers = await confirmed_headers(service, "k1")
        await service.client.post(NOTE, json=BODY, headers=headers)
        bare = {**service.issuer.bearer("orders", WRITE), "idempotency-key": "k1"}
        replay = await service.client.post(NOTE, json=BODY, headers=bare)
        poor = {**service.issuer.bearer("orders", "orders.read_own"), "idempotency-key": "k1"}
        refused = await service.client.post(NOTE, json=BODY, headers=poor)
    assert (replay.status_code, refused.status_code) == (200, 403)


async def test_the_same_key_with_another_body_is_422(serve):
    async with serve() as service:
        await service.client.post(NOTE, json=BODY, headers=await confirmed_headers(service, "k1"))
        other = await service.client.post(
            NOTE, json={**BODY, "note": "No, thrice"}, headers=await confirmed_headers(service, "k1")
        )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_the_order_of_fields_is_not_another_body(serve):
    async with serve() as service:
        headers = await confirmed_headers(service, "k1")
        first = await service.client.post(NOTE, json=BODY, headers=headers)
        turned = await service.client.post(NOTE, json=dict(reversed(BODY.items())), headers=headers)
    assert turned.content == first.content


async def test_a_write_without_a_key_or_with_an_odd_one_is_refused(serve):
    async with serve() as service:
        bearer = service.issuer.bearer("orders", WRITE)
        missing = await service.client.post(NOTE, json=BODY, headers=bearer)
        odd = await service.client.post(NOTE, json=BODY, headers={**bearer, "idempotency-key": "a b"})
        long = await service.client.post(NOTE, json=BODY, headers={**bearer, "idempotency-key": "x" * 256})
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_missing")
    assert (odd.status_code, long.status_code) == (422, 422)


async def test_the_same_key_of_another_customer_is_another_key(serve):
    async with serve() as service:
        await service.client.post(NOTE, json=BODY, headers=await confirmed_headers(service, "k1"))
        digest = (await preview(service, subject="cust_ben"))["digest"]
        grant = service.issuer.grant("orders", "add_order_note", digest, subject="cust_ben")
        bearer = service.issuer.bearer("orders", WRITE, subject="cust_ben")
        headers = {**bearer, "idempotency-key": "k1", "x-aiguy-grant": grant}
        answer = await service.client.post(NOTE, json=BODY, headers=headers)
        effects = await service.effects()
    assert (answer.status_code, effects) == (200, 2)
    assert "idempotent-replayed" not in answer.headers


async def test_a_second_request_while_the_first_runs_is_409_and_may_come_again(serve):
    sample = Sample(before_commit=asyncio.Event())
    async with serve(sample.orders()) as service:
        headers = await confirmed_headers(service, "k1")
        first = asyncio.create_task(service.client.post(NOTE, json=BODY, headers=headers))
        await sample.entered.wait()
        second = await service.client.post(NOTE, json=BODY, headers=headers)
        sample.before_commit.set()
        third_after_first = [await first, await service.client.post(NOTE, json=BODY, headers=headers)]
        effects = await service.effects()
    assert (second.status_code, second.json()["code"], second.json()["retryable"]) == (
        409,
        "idempotency_in_flight",
        True,
    )
    assert second.headers["retry-after"] == "1"
    assert third_after_first[0].content == third_after_first[1].content
    assert effects == 1


async def test_fifty_at_once_make_one_effect(serve):
    async with serve() as service:
        headers = await confirmed_headers(service, "k1")
        answers = await asyncio.gather(*(service.client.post(NOTE, json=BODY, headers=headers) for _ in range(50)))
        effects = await service.effects()
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert effects == 1


async def test_a_crashed_attempt_leaves_nothing_and_the_next_one_runs(serve):
    sample = Sample(fail_with=RuntimeError("killed"))
    async with serve(sample.orders()) as service:
        headers = await confirmed_headers(service, "k1")
        crashed = await service.client.post(NOTE, json=BODY, headers=headers)
        effects_then = await service.effects()
        sample.fail_with = None
        retried = await service.client.post(NOTE, json=BODY, headers=headers)
        effects = await service.effects()
    assert (crashed.status_code, effects_then) == (500, 0)
    assert (retried.status_code, effects) == (200, 1)
    assert "idempotent-replayed" not in retried.headers


async def test_a_cancelled_attempt_leaves_nothing_and_frees_the_key(serve):
    sample = Sample(before_commit=asyncio.Event())
    async with serve(sample.orders()) as service:
        headers = {**await confirmed_headers(service, "k1"), "x-aiguy-deadline-ms": "80"}
        late = await service.client.post(NOTE, json=BODY, headers=headers)
        sample.before_commit = None
        retried = await service.client.post(NOTE, json=BODY, headers=headers)
        effects = await service.effects()
    assert (late.status_code, retried.status_code, effects) == (504, 200, 1)


async def test_a_business_refusal_is_kept_but_its_effects_are_undone(serve):
    sample = Sample(fail_with=ProblemError(ProblemCode.NOT_REFUNDABLE, "Not this one."))
    async with serve(sample.orders()) as service:
        headers = await confirmed_headers(service, "k1")
        refused = await service.client.post(NOTE, json=BODY, headers=headers)
        sample.fail_with = None
        again = await service.client.post(NOTE, json=BODY, headers=headers)
        effects = await service.effects()
    assert (refused.status_code, again.status_code, effects) == (422, 422, 0)
    assert again.content == refused.content
    assert again.headers["content-type"] == "application/problem+json"
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_passing_failure_is_not_kept(serve):
    sample = Sample(fail_with=ProblemError(ProblemCode.DEPENDENCY_DOWN, "Down."))
    async with serve(sample.orders()) as service:
        headers = await confirmed_headers(service, "k1")
        down = await service.client.post(NOTE, json=BODY, headers=headers)
        sample.fail_with = None
        up = await service.client.post(NOTE, json=BODY, headers=headers)
    assert (down.status_code, up.status_code) == (503, 200)


async def test_an_unconfirmed_write_does_not_happen(serve):
    async with serve() as service:
        headers = {**service.issuer.bearer("orders", WRITE), "idempotency-key": "k1"}
        answer = await service.client.post(NOTE, json=BODY, headers=headers)
        confirmed = await service.client.post(NOTE, json=BODY, headers=await confirmed_headers(service, "k1"))
        effects = await service.effects()
    assert (answer.status_code, answer.json()["code"]) == (403, "confirmation_required")
    assert (confirmed.status_code, effects) == (200, 1), "the refusal was not stored under the key"


@pytest.mark.parametrize("what", ["digest", "tool", "subject", "turn", "conversation", "audience", "expired", "access"])
async def test_a_grant_for_anything_else_is_refused(serve, what):
    async with serve() as service:
        digest, tool = (await preview(service))["digest"], "add_order_note"
        subject, audience, more = "cust_ada", "orders", {}
        if what == "digest":
            digest = "0" * 64
        if what == "tool":
            tool = "get_order"
        if what == "subject":
            subject = "cust_ben"
        if what == "turn":
            more["turn_id"] = "trn_" + "1" * 32
        if what == "conversation":
            more["conversation_id"] = "cnv_" + "1" * 32
        if what == "audience":
            audience = "billing"
        grant = service.issuer.grant(audience, tool, digest, subject=subject, **more)
        if what == "access":
            grant = service.issuer.token("orders", WRITE)
        if what == "expired":
            grant = (
                service.issuer.minter.mint_typed_grant(audience="orders#grant", subject=subject, claims={}, ttl_s=1)[
                    :-4
                ]
                + "AAAA"
            )
        headers = {**service.issuer.bearer("orders", WRITE), "idempotency-key": "k1", "x-aiguy-grant": grant}
        answer = await service.client.post(NOTE, json=BODY, headers=headers)
        effects = await service.effects()
    assert (answer.status_code, answer.json()["code"], effects) == (403, "grant_invalid", 0)


async def test_a_grant_is_no_access_token(serve):
    async with serve() as service:
        grant = service.issuer.grant("orders", "add_order_note", "0" * 64)
        answer = await service.client.post(PREVIEW, json=BODY, headers={"authorization": f"Bearer {grant}"})
    assert answer.status_code == 401


async def test_a_grant_is_void_once_the_world_has_moved_on(serve):
    async with serve() as service:
        early = await confirmed_headers(service, "k1")
        await service.client.post(NOTE, json=BODY, headers=await confirmed_headers(service, "k2"))
        late = await service.client.post(NOTE, json=BODY, headers=early)
    assert (late.status_code, late.json()["code"]) == (403, "grant_invalid")


async def test_a_grant_is_good_for_one_effect_only(serve, issuer):
    sample = Sample()
    async with serve(sample.billing(), service="billing") as service:
        body = {"order_id": "1234", "amount_minor": 5000, "currency": "USD", "reason": "Broken"}
        shown = await preview(service, body, f"{REFUND}/preview", REFUND_SCOPE, "billing")
        grant = issuer.grant("billing", "issue_refund", shown["digest"])
        headers = {**issuer.bearer("billing", REFUND_SCOPE), "x-aiguy-grant": grant}
        first = await service.client.post(REFUND, json=body, headers={**headers, "idempotency-key": "a"})
        second = await service.client.post(REFUND, json=body, headers={**headers, "idempotency-key": "b"})
        effects = await service.effects()
    assert (first.status_code, second.status_code, second.json()["code"]) == (200, 403, "grant_invalid")
    assert effects == 1


async def refund(service, issuer, amount, approver=None, email=None, addresses=()):
    body = {"order_id": "1234", "amount_minor": amount, "currency": "USD", "reason": "Broken"}
    shown = await preview(service, body, f"{REFUND}/preview", REFUND_SCOPE, "billing")
    approvers = [approver] if approver else []
    grant = issuer.grant(
        "billing", "issue_refund", shown["digest"], approvers=approvers, addresses=[*map(fingerprint, addresses)]
    )
    headers = {
        **issuer.bearer("billing", REFUND_SCOPE, email=email),
        "x-aiguy-grant": grant,
        "idempotency-key": f"k{amount}{approver}",
    }
    answer = await service.client.post(REFUND, json=body, headers=headers)
    return answer.json()["code"] if answer.is_error else "ok"


async def test_above_the_limit_somebody_else_must_have_approved(serve, issuer):
    async with serve(Sample().billing(), service="billing") as service:
        assert await refund(service, issuer, 10_000) == "ok"
        assert await refund(service, issuer, 10_001) == "approval_required"
        assert await refund(service, issuer, 10_001, approver="cust_ada") == "grant_invalid"


@pytest.mark.parametrize(
    ("email", "addresses", "told"),
    [
        ("ada@example.com", ("ADA@Example.com",), "grant_invalid"),
        ("Ada@example.com", ("kim@staff.example", "ada@example.com"), "grant_invalid"),
        ("ada@example.com", ("kim@staff.example",), "ok"), ("ada@example.com", (), "ok"),
        (None, ("ada@example.com",), "ok"),
    ],
)  # fmt: skip
async def test_the_requester_does_not_approve_as_somebody_of_another_issuer(serve, issuer, email, addresses, told):
    async with serve(Sample().billing(), service="billing") as service:
        assert await refund(service, issuer, 10_001, "staff_ada", email, addresses) == told
        assert await refund(service, issuer, 10_001, approver="staff_kim") == "ok"
        entry = await service.db.fetchval(
            "SELECT entry FROM audit WHERE tool = 'issue_refund' AND outcome = 'ok' ORDER BY at DESC"
        )
    assert b'"approver":"staff_kim"' in entry


async def test_a_shop_may_set_another_limit_and_the_manifest_says_so(serve, issuer):
    [binding] = Sample().billing()
    always = ToolBinding(
        binding.contract, binding.handler, binding.preview, ApprovalRule(argument="amount_minor", over=-1)
    )
    async with serve([always], service="billing") as service:
        assert await refund(service, issuer, 1) == "approval_required"
        manifest = (await service.client.get("/.well-known/tools.json")).json()
    [tool] = [tool for tool in manifest["tools"] if tool["name"] == "issue_refund"]
    assert tool["approval"] == {"argument": "amount_minor", "over": -1}


async def test_a_preview_changes_nothing(serve):
    async with serve() as service:
        first, second = await preview(service), await preview(service)
        effects = await service.effects()
    assert first == second
    assert effects == 0
