"""The contact form works without JavaScript, and what somebody has written is never lost."""

import json
import re
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from .browsing import window
from .conftest import ChangeSettings
from .site import Site, email_of
from .upstream import Upstream
from .widget import visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_FORM = "/wp-admin/admin-post.php"


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def fresh_limits(wordpress: Site) -> AsyncIterator[None]:
    """All tests come from one address."""
    yield
    await wordpress.run(
        "global $wpdb; $wpdb->query(\"DELETE FROM $wpdb->options WHERE option_name LIKE '%aiguy_rate%'\");"
    )


def _typed(**more: str) -> dict[str, str]:
    text = f"The lid is broken ({uuid.uuid4().hex})."
    typed = {"sender": "Greta Holm", "email": "greta@example.com", "message": text, **more}
    return {"action": "aiguy_contact", **{f"aiguy_{name}": value for name, value in typed.items()}}


async def _send(site: Site, typed: dict[str, str], **headers: str) -> httpx.Response:
    async with site.client() as guest:
        return await guest.post(_FORM, data=typed, headers=headers)


async def test_every_page_with_a_chat_has_the_form_in_it(wordpress: Site) -> None:
    for shortcode in ("[aiguy_chat]", "[ai_support_chat]", "<!-- wp:aiguy/chat /-->"):
        url = await wordpress.page("Chat", shortcode)
        async with wordpress.client() as guest:
            (element,) = re.findall(r"<aiguy-chat.*?</aiguy-chat>", (await guest.get(url)).text, re.DOTALL)
        assert 'placement="inline"' in element
        assert f'action="{_FORM}"' in element


async def test_in_the_corner_of_all_other_pages_it_is_folded(wordpress: Site) -> None:
    async with wordpress.client() as guest:
        page = (await guest.get("/")).text
    (element,) = re.findall(r"<aiguy-chat.*?</aiguy-chat>", page, re.DOTALL)
    assert 'placement="floating"' in element
    assert "<details" in element


async def test_a_message_reaches_a_person_through_the_backend(wordpress: Site) -> None:
    before = len(wordpress.mails())
    answer = await _send(wordpress, _typed())
    assert answer.status_code == httpx.codes.SEE_OTHER
    async with wordpress.client() as guest:
        thanks = await guest.get(answer.headers["location"])
    assert "Thank you" in thanks.text
    assert len(wordpress.mails()) == before  # the backend has it: nobody reads it twice


async def test_without_javascript_somebody_writes_to_us(wordpress: Site, chromium: Browser) -> None:
    async with window(chromium, wordpress, "", java_script_enabled=False) as guest:
        await guest.page.goto(wordpress.url)
        await guest.page.get_by_text("Contact us", exact=True).click()
        await guest.page.get_by_label("Your e-mail address").fill("greta@example.com")
        await guest.page.get_by_label("How can we help?").fill("My lantern does not shine.")
        await guest.page.get_by_role("button", name="Send").click()
        await expect(guest.page.get_by_role("status")).to_contain_text("Thank you")


async def test_what_the_backend_gets_is_a_wish_for_a_person_and_the_same_twice_is_once(
    wordpress: Site, settings: ChangeSettings
) -> None:
    async with Upstream(body=b'{"answering":"staff","outcome":"handed_over"}').running() as upstream:
        await settings(backend_url=upstream.url)
        typed = _typed()
        for _ in range(2):
            assert (await _send(wordpress, typed)).status_code == httpx.codes.SEE_OTHER
    first, again = upstream.seen
    assert first.target == "/chat"
    assert first.json == again.json
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"]
    assert first.json["message"].startswith("I would like to talk to a person.")
    assert "greta@example.com" in first.json["message"]


async def test_without_a_backend_it_is_an_email(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(backend_url=Upstream().url, contact_email="desk@shop.example")
    typed = _typed(sender="Greta\r\nBcc: all@example.com", email="greta@example.com")
    assert (await _send(wordpress, typed)).status_code == httpx.codes.SEE_OTHER
    mail = wordpress.mails()[-1]
    assert mail["to"] == "desk@shop.example"
    assert typed["aiguy_message"] in mail["message"]
    assert "Reply-To: <greta@example.com>" in mail["headers"]
    assert not [line for line in mail["headers"] if "bcc" in line.lower()]


async def test_with_a_key_that_is_none_nothing_breaks(wordpress: Site) -> None:
    wordpress.constants(AIGUY_SIGNING_KEY="no key")
    try:
        sent = await _send(wordpress, _typed())
        async with wordpress.client() as guest:
            refused = await guest.post(wordpress.rest("/session"), json={"lang": "en"})
    finally:
        wordpress.constants()
    assert sent.status_code == httpx.codes.SEE_OTHER
    assert (refused.status_code, refused.json()["code"]) == (httpx.codes.SERVICE_UNAVAILABLE, "aiguy_no_key")


async def test_when_nothing_works_the_text_is_kept(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(backend_url=Upstream().url)
    await wordpress.option("test_mail_fails", 1)
    try:
        answer = await _send(wordpress, _typed(message='Look: </textarea><script>alert(1)</script> & "so"'))
    finally:
        await wordpress.option("test_mail_fails", None)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert "Look: &lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; " in answer.text
    assert 'value="greta@example.com"' in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(("email", "message"), [("", "Hello"), ("no address", "Hello"), ("greta@example.com", "  ")])
async def test_what_is_missing_is_said(wordpress: Site, email: str, message: str) -> None:
    answer = await _send(wordpress, _typed(email=email, message=message))
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert "Please give an e-mail address and a message." in answer.text


async def test_robots_are_thanked_and_other_sites_refused(wordpress: Site, settings: ChangeSettings) -> None:
    async with Upstream().running() as upstream:
        await settings(backend_url=upstream.url)
        before = len(wordpress.mails())
        robot = await _send(wordpress, _typed(website="https://spam.example"))
        foreign = await _send(wordpress, _typed(), origin="https://evil.example")
    assert (robot.status_code, foreign.status_code) == (httpx.codes.SEE_OTHER, httpx.codes.FORBIDDEN)
    assert upstream.seen == []
    assert len(wordpress.mails()) == before


async def test_one_address_sends_ten_an_hour(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(backend_url="")
    codes = [(await _send(wordpress, _typed())).status_code for _ in range(11)]
    assert codes == [httpx.codes.SEE_OTHER] * 10 + [httpx.codes.TOO_MANY_REQUESTS]


async def test_the_form_has_a_page_of_its_own(wordpress: Site) -> None:
    async with wordpress.client() as guest:
        element = (await guest.get("/")).text
        (url,) = re.findall(r'contact="([^"]+)"', element)
        page = await guest.get(url.replace("&amp;", "&"))
    assert page.status_code == httpx.codes.OK
    assert f'action="{_FORM}"' in page.text


async def test_attributes_of_authors_and_owners_are_text(wordpress: Site, settings: ChangeSettings) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    await settings(title=evil, greeting=evil, accent="red;background:url(//evil.example)", position=evil)
    url = await wordpress.page("Chat", f"[aiguy_chat theme='{evil}' lang='{evil}' placement='floating' open='1']")
    async with wordpress.client() as guest:
        page = (await guest.get(url)).text
    (tag,) = re.findall(r"<aiguy-chat[^>]*>", page)
    assert "onerror" not in re.sub(r'"[^"]*"', '""', tag)
    assert "evil.example" not in tag
    assert "<img src=x" not in page


async def test_a_guests_answer_is_mailed_to_the_address_they_type(wordpress: Site, settings: ChangeSettings) -> None:
    thread = (
        b'{"messages":[{"role":"customer","text":"Hi","turn_id":"turn_1"},{"role":"assistant","text":"30 days.",'
        b'"turn_id":"turn_1","citations":[{"title":"Returns","url":"https://shop.example/returns","quote":"q"}]}]}'
    )
    async with Upstream(body=thread).running() as upstream, visiting(wordpress) as guest:
        await settings(backend_url=upstream.url)
        told = {"conversation_id": "conv_1", "turn_id": "turn_1", "address": "greta@example.com", "text": "Buy now"}
        answer = await guest.post("email", told)
        unknown = await guest.post("email", {**told, "turn_id": "turn_2"})
    assert answer.status_code == httpx.codes.ACCEPTED
    assert unknown.status_code == httpx.codes.NOT_FOUND
    mail = wordpress.mails()[-1]
    assert mail["to"] == "greta@example.com"
    assert "30 days." in mail["message"]
    assert "Returns\nhttps://shop.example/returns" in mail["message"]
    assert "Buy now" not in mail["message"]


async def test_signed_in_people_get_it_at_their_own_address(wordpress: Site) -> None:
    async with visiting(wordpress, "ada") as ada, visiting(wordpress, "ben") as ben:
        said = (
            await ada.post("chat", {"session_id": "web-email0001", "message": "What is your returns policy?"})
        ).json()
        told = {"conversation_id": said["conversation_id"], "turn_id": said["turn_id"], "address": email_of("ben")}
        assert (await ben.post("email", told)).status_code == httpx.codes.NOT_FOUND
        assert (await ada.post("email", told)).status_code == httpx.codes.ACCEPTED
    mail = wordpress.mails()[-1]
    assert mail["to"] == email_of("ada")
    assert said["text"][:40] in mail["message"]


@pytest.mark.parametrize("address", ["", "no", "a@example.com\nBcc: b@example.com", "a@example.com, b@example.com"])
async def test_no_address_is_more_than_one(wordpress: Site, address: str) -> None:
    before = len(wordpress.mails())
    async with visiting(wordpress) as guest:
        answer = await guest.post("email", {"conversation_id": "conv_1", "turn_id": "turn_1", "address": address})
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert len(wordpress.mails()) == before


async def test_guests_mail_three_times_an_hour_whatever_cookies_they_have(
    wordpress: Site, settings: ChangeSettings
) -> None:
    async with Upstream().running() as upstream:
        await settings(backend_url=upstream.url)
        codes = []
        for _ in range(4):
            async with visiting(wordpress) as guest:
                told = {"conversation_id": "conv_1", "turn_id": "turn_1", "address": "greta@example.com"}
                codes.append((await guest.post("email", told)).status_code)
    assert codes == [httpx.codes.NOT_FOUND] * 3 + [httpx.codes.TOO_MANY_REQUESTS]


_ANSWER = {
    "messages": [{"role": "assistant", "turn_id": "turn_1", "text": "Within 30 days.", "citations": [], "links": {}}]
}


async def test_nobody_gets_much_mail_however_many_guests_ask_for_it(wordpress: Site, settings: ChangeSettings) -> None:
    wordpress.constants(AIGUY_TRUSTED_PROXIES="127.0.0.1")
    try:
        async with Upstream(body=json.dumps(_ANSWER).encode()).running() as upstream:
            await settings(backend_url=upstream.url)
            codes = []
            for number, address in enumerate(["greta@example.com"] * 5 + ["Greta@Example.com", "other@example.com"]):
                async with visiting(wordpress) as guest:
                    told = {"conversation_id": "conv_1", "turn_id": "turn_1", "address": address}
                    answer = await guest.post("email", told, **{"x-forwarded-for": f"198.51.100.{number}"})
                    codes.append(answer.status_code)
    finally:
        wordpress.constants()
    assert codes == [httpx.codes.ACCEPTED] * 5 + [httpx.codes.TOO_MANY_REQUESTS, httpx.codes.ACCEPTED]


async def test_visitors_behind_a_named_proxy_have_limits_of_their_own(
    wordpress: Site, settings: ChangeSettings
) -> None:
    one, other = ["2001:db8:1:2::1"] * 10 + ["2001:db8:1:2:ffff::9"], ["2001:db8:1:3::1", "198.51.100.7, 10.1.2.3"]
    wordpress.constants(AIGUY_TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8")
    try:
        async with Upstream(body=b'{"answering":"staff","outcome":"handed_over"}').running() as upstream:
            await settings(backend_url=upstream.url)
            sent = [await _send(wordpress, _typed(), **{"x-forwarded-for": address}) for address in one + other]
    finally:
        wordpress.constants()
    codes = [answer.status_code for answer in sent]
    assert codes == [httpx.codes.SEE_OTHER] * 10 + [httpx.codes.TOO_MANY_REQUESTS] + [httpx.codes.SEE_OTHER] * 2


async def test_only_a_named_proxy_says_who_called_it(wordpress: Site) -> None:
    code = r"""
        $found = [];
        foreach ($arguments[0] as [$direct, $named]) {
            $_SERVER['REMOTE_ADDR'] = $direct;
            $_SERVER['HTTP_X_FORWARDED_FOR'] = $named;
            $found[] = \AIGuy\Chat\Peer::neighbourhood();
        }
        return $found;
    """
    cases = {
        ("198.51.100.9", "203.0.113.5"): "198.51.100.9",  # a visitor who lies
        ("10.9.9.9", "203.0.113.5"): "203.0.113.5",
        ("10.9.9.9", "1.2.3.4, 203.0.113.5"): "203.0.113.5",  # the same through the proxy
        ("10.9.9.9", "203.0.113.5, 2001:db8:ff::7"): "203.0.113.5",  # two proxies
        ("10.9.9.9", "unknown"): "10.9.9.9",
        ("172.16.5.1", "203.0.113.5"): "203.0.113.5",
        ("172.32.5.1", "203.0.113.5"): "172.32.5.1",
        ("::ffff:198.51.100.9", ""): "198.51.100.9",
        ("2a00:1:2:3:4:5:6:7", ""): "2a00:1:2:3::/64",
    }
    wordpress.constants(AIGUY_TRUSTED_PROXIES="10.0.0.0/8, 172.16.0.0/12,2001:db8::/32, nonsense, 1.2.3.4/99")
    try:
        assert await wordpress.run(code, list(cases)) == list(cases.values())
    finally:
        wordpress.constants()


async def test_site_health_warns_when_all_visitors_have_the_address_of_a_proxy(wordpress: Site) -> None:
    code = r"""
        $found = [];
        foreach (['', '198.51.100.7'] as $named) {
            $_SERVER['HTTP_CF_CONNECTING_IP'] = $named;
            $_SERVER['HTTP_X_FORWARDED_FOR'] = $named;
            $found[] = (new \AIGuy\Chat\Admin\SiteHealth())->visitors()['status'];
        }
        return [...$found, isset((new \AIGuy\Chat\Admin\SiteHealth())->add_tests([])['direct']['aiguy_visitors'])];
    """
    assert await wordpress.run(code) == ["good", "recommended", True]
    wordpress.constants(AIGUY_TRUSTED_PROXIES="127.0.0.1")
    try:
        assert await wordpress.run(code) == ["good", "good", True]
    finally:
        wordpress.constants()
