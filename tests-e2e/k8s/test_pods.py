"""Every pod is small and has no rights; every one that serves is watched, spread, and never gone all at once."""

from .rendered import COMPONENT, NAME, PART, TREE, Overlay, Pod, matches
from .test_integrations import INTEGRATIONS

NO_RIGHTS = {
    "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
}  # fmt: skip


def failing(pods: list[Pod], keeps: object) -> list[str]:
    """The names of the pods for which `keeps` is not true."""
    assert callable(keeps)
    return [pod.name for pod in pods if not keeps(pod)]


def test_every_container_says_what_it_needs_and_may_take(overlay: Overlay) -> None:
    def bounded(pod: Pod) -> bool:
        told = [one["resources"] for one in pod.containers]
        return all(set(one[kind]) >= {"cpu", "memory"} for one in told for kind in ("requests", "limits"))

    assert failing(overlay.pods, bounded) == []


def test_no_container_has_rights_or_writes_where_it_was_made(overlay: Overlay) -> None:
    def harmless(pod: Pod) -> bool:
        whole = pod.spec["securityContext"]
        return (
            whole["runAsNonRoot"] is True
            and whole["runAsUser"] > 0
            and whole["seccompProfile"] == {"type": "RuntimeDefault"}
            and all(one["securityContext"] == NO_RIGHTS for one in pod.containers)
            and not {"hostNetwork", "hostPID", "hostIPC"} & set(pod.spec)
            and not any("hostPath" in volume for volume in pod.spec.get("volumes", ()))
        )

    assert failing(overlay.pods, harmless) == []


def test_no_pod_may_speak_to_the_cluster(overlay: Overlay) -> None:
    accounts = {one["metadata"]["name"]: one for one in overlay.of("ServiceAccount")}

    assert failing(overlay.pods, lambda pod: pod.spec["automountServiceAccountToken"] is False) == []
    assert {pod.spec["serviceAccountName"] for pod in overlay.pods} <= set(accounts)
    assert [name for name, one in accounts.items() if one["automountServiceAccountToken"] is not False] == []
    assert not overlay.of("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


def test_what_lasts_has_all_three_probes(overlay: Overlay) -> None:
    lasting = [pod for pod in overlay.pods if pod.lasting]

    def probed(pod: Pod) -> bool:
        return {"startupProbe", "readinessProbe", "livenessProbe"} <= set(pod.container)

    assert len(lasting) >= 7
    assert failing(lasting, probed) == []


def test_services_are_asked_for_what_they_really_answer(overlay: Overlay) -> None:
    asked = {
        (probe, pod.container[f"{probe}Probe"]["httpGet"]["path"])
        for pod in overlay.deployments
        if pod.service
        for probe in ("startup", "readiness", "liveness")
    }

    assert asked == {("startup", "/readyz"), ("readiness", "/readyz"), ("liveness", "/livez")}


def test_every_deployment_is_spread_and_keeps_serving(overlay: Overlay) -> None:
    for pod in overlay.deployments:
        budgets = [one for one in overlay.of("PodDisruptionBudget") if matches(one["spec"]["selector"], pod.labels)]
        spread = pod.spec["topologySpreadConstraints"]

        assert len(budgets) == 1, pod.name
        assert budgets[0]["spec"]["maxUnavailable"] == 1
        assert {one["topologyKey"] for one in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        assert all(matches(one["labelSelector"], pod.labels) for one in spread), pod.name
        others = [one for one in overlay.deployments if one.labels[NAME] != pod.labels[NAME]]
        assert not any(matches(spread[0]["labelSelector"], one.labels) for one in others), pod.name


def test_every_deployment_is_scaled_by_one_thing_that_exists(overlay: Overlay) -> None:
    targets = [
        (one["spec"]["scaleTargetRef"].get("kind", "Deployment"), one["spec"]["scaleTargetRef"]["name"])
        for one in overlay.of("HorizontalPodAutoscaler", "ScaledObject")
    ]
    rollouts = {one["spec"]["workloadRef"]["name"]: one["metadata"]["name"] for one in overlay.of("Rollout")}
    wanted = {("Rollout" if pod.name in rollouts else "Deployment", pod.name) for pod in overlay.deployments}

    assert sorted(targets) == sorted(wanted)
    assert rollouts.keys() <= {pod.name for pod in overlay.deployments}


def test_images_have_a_version(overlay: Overlay) -> None:
    tags = [one["image"].rpartition(":")[::2] for pod in overlay.pods for one in pod.containers]

    assert [image for image, tag in tags if not image or tag in {"", "latest"}] == []
    assert {image for image, _ in tags if image.startswith("aiguy/")} == {
        f"aiguy/{name}" for name in ("gateway", "orchestrator", "orders", "billing", "tickets", "retrieval")
    } | ({"aiguy/operations"} if overlay.of("PersistentVolumeClaim") else set())


def test_what_a_workload_selects_is_its_own_pods(overlay: Overlay) -> None:
    for one in overlay.of("Deployment", "StatefulSet"):
        selected = [pod.name for pod in overlay.pods if matches(one["spec"]["selector"], pod.labels)]
        assert selected == [one["metadata"]["name"]]


def test_labels_say_what_everything_is(overlay: Overlay) -> None:
    def labelled(pod: Pod) -> bool:
        return pod.labels.get(PART) == "aiguy" and (not pod.lasting or {NAME, COMPONENT} <= set(pod.labels))

    assert failing(overlay.pods, labelled) == []


def test_every_component_is_tried_by_an_overlay_or_by_itself() -> None:
    texts = "".join(path.read_text("utf-8") for path in (TREE / "overlays").rglob("kustomization.yaml"))
    unused = {path.name for path in (TREE / "components").iterdir() if f"components/{path.name}" not in texts}

    assert unused - INTEGRATIONS.keys() == set()
