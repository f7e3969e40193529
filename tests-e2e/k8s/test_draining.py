"""A pod that leaves lets what it began come to its end: streams, turns, calls of tools."""

import re

from contracts.registry import CONTRACTS
from orchestrator.api.stream import STREAM_LIMIT_S
from orchestrator.turn.budgets import Budgets
from servicekit.settings import ServiceSettings

from .rendered import ROOT, Overlay, Pod

#: What a process needs for closing its pools and its files.
CLOSING_S = 5
#: What a cluster may take until no proxy sends anything new to a pod that is leaving.
PROXIES_KNOW_S = 10
_DEFAULT_GRACE_S = int(ServiceSettings.model_fields["shutdown_grace_s"].default)


def grace_s(pod: Pod) -> int:
    return int(pod.spec["terminationGracePeriodSeconds"])


def drain_s(pod: Pod) -> int:
    """How long the process serves on once it was told to end: proxies still send it what connects anew."""
    return int(pod.environment.get("AIGUY_DRAIN_S", 0))


def shutdown_s(pod: Pod) -> int:
    """How long requests that run may go on after that."""
    return int(pod.environment.get("AIGUY_SHUTDOWN_GRACE_S", _DEFAULT_GRACE_S))


def test_the_longest_stream_may_end(overlay: Overlay) -> None:
    streaming = [pod for pod in overlay.deployments if pod.environment.get("AIGUY_WORKER") == "off"]

    assert streaming
    for pod in streaming:
        assert drain_s(pod) >= PROXIES_KNOW_S
        assert shutdown_s(pod) > STREAM_LIMIT_S
        assert grace_s(pod) >= drain_s(pod) + shutdown_s(pod) + CLOSING_S


def test_the_gateway_ends_its_streams_before_it_is_ended(overlay: Overlay) -> None:
    doors = [pod for pod in overlay.deployments if "AIGUY_GATEWAY_ORCHESTRATOR" in pod.environment]

    assert doors
    for pod in doors:
        shell, flag, hook = pod.container["lifecycle"]["preStop"]["exec"]["command"]
        found = re.fullmatch(r"sleep (\d+); kill -QUIT 1; sleep (\d+)", hook)
        assert (shell, flag) == ("sh", "-c")
        assert found is not None
        before, after = map(int, found.groups())
        assert before > 0
        assert after > STREAM_LIMIT_S
        assert grace_s(pod) >= before + after + CLOSING_S
    # The hook speaks to nginx by its number: it has to be the container's first process.
    assert "exec nginx" in (ROOT / "gateway" / "image" / "start.sh").read_text("utf-8")


def test_a_worker_may_end_the_turns_that_it_runs(overlay: Overlay) -> None:
    workers = [pod for pod in overlay.deployments if pod.environment.get("AIGUY_WORKER") == "with-api"]

    assert [pod.name for pod in workers] == ["orchestrator-worker"]
    # Nobody but probes calls it. Turns are waited for after the requests.
    assert drain_s(workers[0]) == 0
    assert grace_s(workers[0]) >= shutdown_s(workers[0]) + Budgets().hard_ms / 1000 + CLOSING_S


def test_a_tool_may_end_its_longest_call(overlay: Overlay) -> None:
    longest_s = max(contract.timeout_ms for contract in CONTRACTS) / 1000
    tools = [pod for pod in overlay.deployments if pod.service and pod.service != "orchestrator"]

    assert len(tools) == 4
    for pod in tools:
        assert drain_s(pod) >= PROXIES_KNOW_S
        assert shutdown_s(pod) > longest_s
        assert grace_s(pod) >= drain_s(pod) + shutdown_s(pod) + CLOSING_S
