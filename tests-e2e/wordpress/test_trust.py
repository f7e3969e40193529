"""What WordPress did not say is refused: cookies alone, borrowed nonces, forged and stale tokens."""

import base64
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from e2e.machine import Machine
from onebox.agent import new_turn_id

from .site import Site
from .widget import Widget, visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_NAME = {"session_id": "web-0123456789"}
_KEY = r"$key = \AIGuy\Chat\Keys::active(); return ['kid' => $key['kid'], 'secret' => base64_encode($key['secret'])];"


async def tried(somebody: Widget, conversation_id: str, turn_id: str) -> set[int]:
    """The statuses of everything that can be done with a conversation."""
    ids = {"conversation_id": conversation_id, "turn_id": turn_id}
    answers = [
        await somebody.get("conversation", conversation_id=conversation_id),
        await somebody.get("stream", **ids),
        await somebody.post("handoff", {"conversation_id": conversation_id, "client_turn_id": new_turn_id()}),
        await somebody.post("feedback", {**ids, "thumbs": "up"}),
        await somebody.post("confirmations", {**ids, "digest": "0" * 64, "confirmed": True}),
        await somebody.post("email", {**ids, "address": "thief@example.com"}),
    ]
    return {answer.status_code for answer in answers}


async def test_nothing_can_be_done_with_the_conversation_of_somebody_else(wordpress: Site) -> None:
    async with visiting(wordpress, "ada") as ada:
        said = await ada.post("chat", {**_NAME, "message": "How do I return an item?"})
        ids = said.json()["conversation_id"], said.json()["turn_id"]
    mails = len(wordpress.mails())
    for login in ("ben", "kim", ""):
        async with visiting(wordpress, login) as stranger:
            assert await tried(stranger, *ids) == {404}, login
    assert len(wordpress.mails()) == mails


async def test_cookies_alone_do_nothing(wordpress: Site) -> None:
    for login in ("ada", "kim", "boss", ""):
        async with visiting(wordpress, login) as somebody:
            somebody.session["headers"] = {}
            assert await tried(somebody, f"cnv_{'0' * 32}", f"trn_{'0' * 32}") <= {401, 403}, login
            assert (await somebody.post("conversations", _NAME)).status_code == 403
            assert (await somebody.client.get(wordpress.rest("/approvals"))).status_code in (401, 403)


@pytest.mark.parametrize("told", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}], ids=str)
async def test_a_page_of_another_site_uses_no_session_though_it_had_one(wordpress: Site, told: dict[str, str]) -> None:
    async with visiting(wordpress, "ada") as ada:
        answer = await ada.post("conversations", _NAME, **told)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert [name for name in answer.headers if name.startswith("access-control-")] == []


async def test_the_nonce_of_one_user_is_no_other_users(wordpress: Site) -> None:
    async with visiting(wordpress, "ada") as ada, visiting(wordpress, "ben") as ben, visiting(wordpress) as guest:
        for taker, giver in [(ben, ada), (guest, ada), (ada, guest)]:
            own, taker.session["headers"] = taker.session["headers"], giver.proof
            refused = await taker.post("conversations", _NAME)
            assert refused.json()["code"] in ("aiguy_stale_nonce", "rest_cookie_invalid_nonce")
            taker.session["headers"] = own
            assert (await taker.post("conversations", _NAME)).is_success


def forged(key: dict[str, str], claims: dict[str, Any]) -> dict[str, str]:
    """Tokens that must not be believed, by what is wrong with them; "" is one that is right."""
    raw, head, now = base64.b64decode(key["secret"]), {"kid": key["kid"]}, int(time.time())
    true, other = Ed25519PrivateKey.from_private_bytes(raw[:32]), Ed25519PrivateKey.generate()

    def signed(**changed: Any) -> str:
        return jwt.encode({**claims, **changed}, true, "EdDSA", headers=head)

    unsigned = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in ({"alg": "none"}, claims)]
    return {
        "": signed(),
        "another key": jwt.encode(claims, other, "EdDSA", headers=head),
        "an unknown key": jwt.encode(claims, other, "EdDSA", headers={"kid": "other"}),
        "the public key as a secret": jwt.encode(claims, raw[32:], "HS256", headers=head),
        "no signature": f"{'.'.join(part.rstrip('=') for part in unsigned)}.",
        "run out": signed(iat=now - 900, exp=now - 600),
        "for years": signed(exp=now + 10**7),
        "for another service": signed(aud="billing"),
        "of another site": signed(iss="https://another.example"),
        "of nobody": signed(sub=""),
    }


async def test_only_the_sites_own_fresh_tokens_are_believed(wordpress: Site, running_machine: Machine) -> None:
    now = int(time.time())
    claims = {
        "iss": wordpress.url, "aud": "orchestrator", "sub": "wp_1", "role": "customer", "scope": "chat:send",
        "iat": now, "exp": now + 240, "jti": "one",
    }  # fmt: skip
    believed = []
    async with httpx.AsyncClient(base_url=running_machine.stack.front_door or "", timeout=30) as client:
        for wrong, token in forged(await wordpress.run(_KEY), claims).items():
            head = {"authorization": f"Bearer {token}"}
            answer = await client.post("/api/agent/conversations", json={}, headers=head)
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                believed.append((wrong, answer.status_code))
    assert believed == [("", 201)]


async def test_the_signing_key_is_in_one_option_that_is_not_loaded_with_every_page(wordpress: Site) -> None:
    seed = base64.b64decode((await wordpress.run(_KEY))["secret"])[:32]
    found = await wordpress.run(
        "global $wpdb; $like = '%' . $wpdb->esc_like($arguments[0]) . '%';"
        'return $wpdb->get_results($wpdb->prepare("SELECT option_name, autoload FROM {$wpdb->options}'
        ' WHERE option_value LIKE %s", $like));',
        base64.urlsafe_b64encode(seed).decode().rstrip("="),
    )
    assert found == [{"option_name": "aiguy_keys", "autoload": "no"}]
