"""The scripts touch what they say and nothing else, in an order that leaves customers served when a step fails."""

import subprocess
from pathlib import Path

import pytest

from . import recorder
from .rendered import TREE


def run(script: str, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TREE / "scripts" / script, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def without_hash(documents: list[str]) -> set[str]:
    """ConfigMaps without the hash at the end of their names."""
    return {one.rpartition("-")[0] if one.startswith("ConfigMap/") else one for one in documents}


def test_one_tool_is_deployed_alone(tmp_path: Path, kubectl_path: str) -> None:
    environment, log = recorder.install(tmp_path, kubectl_path)

    done = run("deploy", "production", "billing", environment=environment)

    assert done.returncode == 0, done.stderr
    calls = recorder.calls(log)
    words = [call for call, _ in calls]
    assert all("-n aiguy-production" in call for call in words)
    changed = [documents for call, documents in calls if " apply " in call and "--dry-run" not in call]
    common, migration, service = map(without_hash, changed)
    assert common == {"ConfigMap/common"}
    assert migration == {"Job/migrate-billing-0.1.0"}
    kinds = (
        "ConfigMap", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget", "Rollout",
        "Service", "ServiceAccount",
    )  # fmt: skip
    assert service == {f"{kind}/billing" for kind in kinds}
    waited = next(index for index, call in enumerate(words) if "condition=complete" in call)
    deleted = next(index for index, call in enumerate(words) if " delete job " in call)
    assert deleted < waited < len(words) - 2
    assert all("name=migrate-billing" in words[index] for index in (deleted, waited))
    assert words[-1].startswith("argo rollouts -n aiguy-production status billing")


def test_a_migration_that_fails_leaves_the_old_pods(tmp_path: Path, kubectl_path: str) -> None:
    environment, log = recorder.install(tmp_path, kubectl_path, fails="condition=complete")

    done = run("deploy", "local", "billing", environment=environment)

    assert done.returncode != 0
    applied = {one for call, documents in recorder.calls(log) if "--dry-run" not in call for one in documents}
    assert without_hash(sorted(applied)) == {"ConfigMap/common", "Job/migrate-billing-dev"}


def test_the_migrations_of_both_colours_are_done_before_their_pods_come(tmp_path: Path, kubectl_path: str) -> None:
    environment, log = recorder.install(tmp_path, kubectl_path)

    done = run("deploy", "staging", "orchestrator", environment=environment)

    assert done.returncode == 0, done.stderr
    calls = [(call, set(documents)) for call, documents in recorder.calls(log) if "--dry-run" not in call]
    migrated = next(
        index for index, (_, documents) in enumerate(calls)
        if documents == {"Job/migrate-orchestrator-0.1.0", "Job/migrate-orchestrator-green-0.1.0"}
    )  # fmt: skip
    waited = next(index for index, (call, _) in enumerate(calls) if "condition=complete" in call)
    pods = {"Deployment/orchestrator", "Deployment/orchestrator-green"}
    came = next(index for index, (_, documents) in enumerate(calls) if documents & pods)
    assert migrated < waited < came
    assert pods <= calls[came][1]


def test_a_service_that_is_not_there_changes_nothing(tmp_path: Path, kubectl_path: str) -> None:
    environment, log = recorder.install(tmp_path, kubectl_path)

    done = run("deploy", "local", "biling", environment=environment)

    assert (done.returncode, recorder.calls(log)) == (1, [])
    assert "local has no biling" in done.stderr


@pytest.mark.parametrize(
    ("percent", "asked"),
    [
        ("10", ["gateway-green", "orchestrator-green", "gateway", "orchestrator"]),
        ("100", ["gateway-green", "orchestrator-green"]),
        ("0", ["gateway", "orchestrator"]),
    ],
)
def test_weights_move_to_what_is_ready(tmp_path: Path, kubectl_path: str, percent: str, asked: list[str]) -> None:
    environment, log = recorder.install(tmp_path, kubectl_path)

    done = run("shift", "staging", percent, environment=environment)

    assert done.returncode == 0, done.stderr
    *waits, patch = [call for call, _ in recorder.calls(log) if " job " not in call]
    assert [call.rpartition("/")[2] for call in waits] == asked
    assert "patch httproute aiguy" in patch
    assert f'backendRefs/0/weight", "value": {100 - int(percent)}' in patch
    assert f'backendRefs/1/weight", "value": {percent}' in patch


def test_green_that_is_not_ready_gets_nobody(tmp_path: Path, kubectl_path: str) -> None:
    environment, log = recorder.install(tmp_path, kubectl_path, fails="deployment/orchestrator-green")

    done = run("shift", "staging", "10", environment=environment)

    assert done.returncode != 0
    assert not [call for call, _ in recorder.calls(log) if " patch " in call]


@pytest.mark.parametrize("percent", ["10", "100"])
def test_green_whose_migration_has_not_ended_gets_nobody(tmp_path: Path, kubectl_path: str, percent: str) -> None:
    environment, log = recorder.install(tmp_path, kubectl_path, fails="condition=complete")

    done = run("shift", "staging", percent, environment=environment)

    assert done.returncode != 0
    *_, waited = [call for call, _ in recorder.calls(log)]
    assert waited.endswith("job --selector app.kubernetes.io/name=migrate-orchestrator,aiguy/colour=green")


def test_the_way_back_waits_for_no_migration(tmp_path: Path, kubectl_path: str) -> None:
    environment, log = recorder.install(tmp_path, kubectl_path, fails="condition=complete")

    assert run("shift", "staging", "0", environment=environment).returncode == 0
    assert any(" patch " in call for call, _ in recorder.calls(log))


@pytest.mark.parametrize("percent", ["101", "-1", "ten", ""])
def test_a_share_that_is_none_changes_nothing(tmp_path: Path, kubectl_path: str, percent: str) -> None:
    environment, log = recorder.install(tmp_path, kubectl_path)

    assert run("shift", "staging", percent, environment=environment).returncode != 0
    assert recorder.calls(log) == []
