"""What `--fork` may be told, and which Brain follows from it: a model is asked only where its key is."""

from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import SecretStr

from onebox.fork_brains import brain_settings, read_settings, refund_policy
from onebox.fork_options import Forks, read_forks
from orchestrator.brain.settings import LlmSettings
from orchestrator.replay.refusing import ForkCode, ForkRefused

KEYED = LlmSettings(llm_model="openai/small", llm_writer_model="openai/large", llm_api_key=SecretStr("k"))


def test_forks_combine(tmp_path: Path) -> None:
    policy, planner, answer = tmp_path / "escalation.yaml", tmp_path / "planner-2.md", tmp_path / "status.json"
    policy.write_text(files("orchestrator.policy").joinpath("escalation.yaml").read_text("utf-8"))
    planner.write_text("Be brief.")
    answer.write_text('{"error": {"code": "order_not_found"}}')
    found = read_forks([
        f"policy={policy}", f"prompt={planner}", "brain=openai/other", f"tool=get_order_status:{answer}",
        "tool=issue_refund:off",
    ])  # fmt: skip
    assert found.policies.escalation is not None
    assert (found.brain, found.prompts) == ("openai/other", {"planner": "Be brief."})
    assert found.tools == {"get_order_status", "issue_refund", "approve_refund"}
    assert found.thinks


def test_a_policy_alone_needs_no_brain(tmp_path: Path) -> None:
    policy = tmp_path / "escalation.yaml"
    policy.write_text(files("orchestrator.policy").joinpath("escalation.yaml").read_text("utf-8"))
    assert not read_forks([f"policy={policy}"]).thinks


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        (["brain=offline", "brain=openai/other"], "one Brain"),
        (["tool=get_order:off", "tool=get_order:off"], "one fork of get_order"),
        (["prompt={}/writer.md", "prompt={}/writer-2.md"], "one prompt of the writer"),
        (["policy={}/escalation.yaml", "policy={}/escalation.yaml"], "one policy of escalation"),
    ],
)
def test_the_same_thing_twice_is_refused(tmp_path: Path, asked: list[str], what: str) -> None:
    for name in ("writer.md", "writer-2.md"):
        (tmp_path / name).write_text("Be brief.")
    shipped = files("orchestrator.policy").joinpath("escalation.yaml").read_text("utf-8")
    (tmp_path / "escalation.yaml").write_text(shipped)
    with pytest.raises(ForkRefused, match=what) as refused:
        read_forks([one.format(tmp_path) for one in asked])
    assert refused.value.code is ForkCode.GIVEN_TWICE


def test_a_prompt_that_nobody_reads_is_no_fork(tmp_path: Path) -> None:
    planner = tmp_path / "planner.md"
    planner.write_text("Be brief.")
    with pytest.raises(ForkRefused, match="The offline Brain reads no prompt") as refused:
        read_forks([f"prompt={planner}", "brain=offline"])
    assert refused.value.code is ForkCode.PROMPT_UNREAD
    with pytest.raises(ForkRefused, match="AIGUY_LLM_MODEL") as refused:
        brain_settings(read_forks([f"prompt={planner}"]), LlmSettings())
    assert refused.value.code is ForkCode.PROMPT_UNREAD
    planner.write_text(" \n")
    with pytest.raises(ForkRefused, match="is empty") as refused:
        read_forks([f"prompt={planner}"])
    assert refused.value.code is ForkCode.NOT_A_PROMPT


def test_a_prompt_is_read_by_the_models_that_are_configured() -> None:
    assert brain_settings(Forks(prompts={"planner": "Be brief."}), KEYED) == KEYED


def test_another_model_plans_and_writes_alone() -> None:
    chosen = brain_settings(Forks(brain="openai/other"), KEYED)
    assert (chosen.llm_model, chosen.llm_writer_model, chosen.llm_fallback_model) == ("openai/other", None, None)


@pytest.mark.parametrize("key", [None, SecretStr("")])
def test_without_a_key_no_model_is_asked(key: SecretStr | None) -> None:
    with pytest.raises(ForkRefused, match="AIGUY_LLM_API_KEY") as refused:
        brain_settings(Forks(brain="openai/other"), LlmSettings(llm_api_key=key))
    assert refused.value.code is ForkCode.MODEL_KEY_MISSING


def test_a_model_has_a_provider_unless_a_server_of_ours_is_named() -> None:
    with pytest.raises(ForkRefused, match="provider/model") as refused:
        brain_settings(Forks(brain="other"), KEYED)
    assert refused.value.code is ForkCode.MODEL_UNKNOWN
    own = KEYED.model_copy(update={"llm_base_url": "http://127.0.0.1:1"})
    assert brain_settings(Forks(brain="other"), own).llm_model == "other"


def test_the_policy_of_refunds_is_the_one_that_billing_is_told_to_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIGUY_REFUND_AUTO_UP_TO_MINOR", "5000")
    assert refund_policy(read_settings()).tiers[0].up_to_minor == 5_000
    monkeypatch.setenv("AIGUY_REFUND_POLICY_FILE", str(tmp_path / "not-there.yaml"))
    with pytest.raises(ForkRefused, match="AIGUY_REFUND_POLICY_FILE") as refused:
        refund_policy(read_settings())
    assert refused.value.code is ForkCode.NOT_A_POLICY


@pytest.mark.parametrize("forks", [Forks(), Forks(brain="offline"), Forks(off=frozenset({"get_order"}))])
def test_where_no_model_is_forked_none_is_asked_even_with_a_key(forks: Forks) -> None:
    assert brain_settings(forks, KEYED).llm_model is None
