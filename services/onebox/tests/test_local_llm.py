"""The model server: what it and the orchestrator are told, how it is watched, and what the demo says of it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from rich.console import Console

from onebox.child import BackOff
from onebox.demo.local import Held, print_local_verdict
from onebox.demo.thought import Thought, thought
from onebox.demo.verdict import Verdict
from onebox.environment import HOST
from onebox.local_llm.answering import wait_answering
from onebox.local_llm.model import LOCAL_LLM, MODEL, LocalLlm
from onebox.readiness import NotReadyError
from onebox.supervisor import Supervisor
from orchestrator.brain.settings import LlmSettings
from orchestrator.turn.inputs import Drafted, Guarded, PlanFailed, PlanMade, PlannedCall, PlanRejected
from servicekit.embedded import free_port
from servicekit.embedded.process import is_running
from servicekit.testing import eventually
from servicekit.testing.live import live_server

from .conftest import Heard

#: A server that speaks the same wire, in the place of the model's.
STAND_IN = (
    "/bin/sh", "-c",
    f'SCRIPTED_LLM_KEY=$AIGUY_LOCAL_LLM_KEY exec {sys.executable} -m scripted_llm --port "$AIGUY_LOCAL_LLM_PORT"',
)  # fmt: skip
USER = {
    "PATH": os.environ["PATH"], "AIGUY_LLM_MODEL": "anthropic/large", "AIGUY_LLM_WRITER_MODEL": "anthropic/larger",
    "AIGUY_LLM_API_KEY": "sk-users-own", "AIGUY_LLM_TIMEOUT_S": "12", "AIGUY_SHOP_NAME": "Hearth",
}  # fmt: skip
CALL = PlannedCall(tool="get_order", arguments={}, args_hash="h", label="")


@pytest.fixture
def llm(tmp_path: Path) -> LocalLlm:
    return LocalLlm(tmp_path / "model.gguf", STAND_IN)


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    made = Supervisor(Heard(), BackOff(first_s=0.02, most_s=0.05))
    yield made
    await made.stop()


def test_the_orchestrator_asks_this_model_and_no_other_with_short_prompts(llm: LocalLlm) -> None:
    asked = llm.asked(8096, USER)
    told = {name.removeprefix("AIGUY_").lower(): value for name, value in asked.items()}
    settings = LlmSettings.model_validate(told)
    assert (settings.llm_model, settings.llm_base_url) == (MODEL, "http://127.0.0.1:8096/v1")
    assert (settings.llm_writer_model, settings.llm_fallback_model, settings.llm_fallback_timeout_s) == (None, None, 0)
    assert (settings.llm_client_used, settings.llm_tool_mode) == ("litellm_wire", "json_schema")
    assert settings.llm_prompts == "short"
    assert "sk-users-own" not in str(asked)
    assert asked["AIGUY_SHOP_NAME"] == "Hearth"


def test_the_owner_of_the_machine_may_change_its_time_and_else_it_has_the_most_that_a_call_may_have(
    llm: LocalLlm,
) -> None:
    assert llm.asked(8096, USER)["AIGUY_LLM_TIMEOUT_S"] == "12"
    assert llm.asked(8096, {})["AIGUY_LLM_TIMEOUT_S"] == "20"


def test_its_process_knows_its_own_key_alone_and_every_start_has_another(tmp_path: Path, llm: LocalLlm) -> None:
    spec = llm.spec(8096, tmp_path / "log", USER)
    assert spec.environment["AIGUY_LOCAL_LLM_KEY"] == llm.key
    assert "sk-users-own" not in str(spec.environment)
    assert llm.key != LocalLlm(tmp_path).key
    assert llm.key not in repr(llm)


async def test_one_that_dies_comes_back_and_answers_and_none_stays_behind(
    tmp_path: Path, llm: LocalLlm, supervisor: Supervisor
) -> None:
    port = free_port()
    await supervisor.start([llm.spec(port, tmp_path / "log")])
    await wait_answering(f"http://{HOST}:{port}/v1", llm.key)
    first = supervisor.pids[LOCAL_LLM]
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: supervisor.restarts[LOCAL_LLM] == 1, 20)
    await wait_answering(f"http://{HOST}:{port}/v1", llm.key)
    second = supervisor.pids[LOCAL_LLM]
    await supervisor.stop()
    assert second != first
    assert not is_running(second)


async def test_one_that_ends_right_after_its_start_is_not_waited_for(tmp_path: Path, supervisor: Supervisor) -> None:
    port = free_port()
    broken = LocalLlm(tmp_path, ("/bin/sh", "-c", "exit 4"))
    await supervisor.start([broken.spec(port, tmp_path / "log")])
    with pytest.raises(NotReadyError, match="keeps ending right after its start"):
        await wait_answering(f"http://{HOST}:{port}/v1", broken.key, lambda: supervisor.restarts[LOCAL_LLM] >= 3)


class Model:
    """A server that answers what it is told to."""

    def __init__(self) -> None:
        self.answers: list[JSONResponse] = []

    def says(self, content: str, status: int = 200) -> None:
        self.answers.append(JSONResponse({"choices": [{"message": {"content": content}}]}, status))

    async def answer(self) -> JSONResponse:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def model() -> Iterator[tuple[Model, str]]:
    made, served = Model(), FastAPI()
    served.post("/v1/chat/completions")(made.answer)
    with live_server(served) as url:
        yield made, f"{url}/v1"


async def test_while_it_loads_it_is_waited_for(model: tuple[Model, str]) -> None:
    made, url = model
    made.says("Loading model", 503)
    made.says("Loading model", 503)
    made.says('{"kind": "final_message", "text": "Hello"}')
    await wait_answering(url, "k")
    assert len(made.answers) == 1


@pytest.mark.parametrize(
    ("content", "status", "why"),
    [("Hello!", 200, "not by the schema"), ('{"kind": "final_message"}', 200, "not by the schema"),
     ("no", 401, "HTTP 401")],
)  # fmt: skip
async def test_one_that_does_not_answer_as_it_should_is_not_ready(
    model: tuple[Model, str], content: str, status: int, why: str
) -> None:
    made, url = model
    made.says(content, status)
    with pytest.raises(NotReadyError, match=why):
        await wait_answering(url, "k", timeout_s=0.3)


async def test_one_that_is_away_is_not_ready() -> None:
    with pytest.raises(NotReadyError, match="does not answer"):
        await asyncio.wait_for(wait_answering(f"http://{HOST}:{free_port()}/v1", "k", timeout_s=0.3), 30)


@pytest.mark.parametrize(
    ("inputs", "planned", "wrote", "said"),
    [((PlanMade(call=CALL, model=MODEL), PlanMade(model=MODEL)), True, True,
      "planned by the model, written by the model"),
     ((PlanMade(call=CALL, model=MODEL), Drafted(text="x", model=MODEL)), True, True, "written by the model"),
     ((PlanFailed(reason="timeout"), PlanMade(call=CALL, model="offline"), PlanMade(model="offline")), False, False,
      "planned by the offline Brain, written by the offline Brain, the model was too slow"),
     ((PlanMade(call=CALL, model=MODEL), PlanFailed(reason="timeout"), PlanMade(model="offline")), True, False,
      "planned by the model, written by the offline Brain, the model was too slow"),
     ((PlanRejected(reason="malformed", model=MODEL), Drafted(text="x", model="phrases")), False, False,
      "written by a phrase of ours, the model made no sense"),
     ((PlanMade(model=MODEL), Guarded(verdict="refuse", text="x")), False, False,
      "written by a phrase of ours, the guards held its answer back"),
     ((PlanMade(model=MODEL), Guarded(verdict="pass", text="x")), False, True, "written by the model"),
     ((PlanMade(model="offline"), Guarded(verdict="refuse", text="x")), False, False, "written by the offline Brain"),
     ((PlanMade(model=MODEL),), False, True, "written by the model"),
     ((), False, False, "no Brain was needed")],
)  # fmt: skip
def test_the_journal_says_who_thought(inputs: tuple[object, ...], planned: bool, wrote: bool, said: str) -> None:
    found = thought(inputs)  # type: ignore[arg-type]
    assert (found.planned_by_model, found.written_by_model) == (planned, wrote)
    assert said in str(found)


def held(number: int, of: Thought, *, ok: bool = True) -> Held:
    verdict = Verdict(number, f"Conversation {number}")
    verdict.check("it holds", ok)
    return Held(verdict, of, 7.25)


def test_the_verdict_says_which_turns_were_the_models_and_a_slow_model_is_no_failure() -> None:
    console = Console(record=True, width=200)
    turns = [
        held(1, Thought((MODEL,), MODEL)), held(2, Thought((MODEL,), "offline", ("timeout",))),
        held(3, Thought(("offline",), "offline", ("timeout",))),
    ]  # fmt: skip
    assert print_local_verdict(turns, 3, console)
    said = console.export_text()
    assert "The model chose the tools of 2 turns and wrote the answers of 1, of 3." in said
    assert "In 2 the model was too slow here; the offline Brain answered." in said
    assert "planned by the model, written by the offline Brain, the model was too slow, 7.2 s" in said
    assert "held in 3 of 3 conversations" in said


def test_what_must_hold_whoever_thinks_fails_the_demo_and_so_does_a_conversation_that_was_not_held() -> None:
    broken = [held(1, Thought((MODEL,), MODEL), ok=False)]
    assert not print_local_verdict(broken, 1, Console(record=True))
    assert not print_local_verdict([held(1, Thought((MODEL,), MODEL))], 2, Console(record=True))
