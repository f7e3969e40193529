"""Whatever is named exists in the same overlay, or is one of the few things that come from outside."""

from types import ModuleType

from .rendered import Overlay, matches

#: Whom backups are sealed for: their owner makes it, and keeps what opens them.
OUTSIDE = {"ConfigMap": {"backup-recipient"}}


def test_services_lead_to_ports_that_pods_have(overlay: Overlay) -> None:
    for service in overlay.of("Service"):
        if service["metadata"]["name"] == "gateway-numbers":
            continue  # of both colours, and of what is beside them: test_monitoring.py
        pods = [pod for pod in overlay.pods if matches({"matchLabels": service["spec"]["selector"]}, pod.labels)]
        assert [pod.name for pod in pods] == [service["metadata"]["name"]]
        (port,), (open_port,) = service["spec"]["ports"], pods[0].container["ports"]
        assert (port["targetPort"], port["port"]) == (open_port["name"], open_port["containerPort"])
        assert pods[0].environment.get("AIGUY_PORT", str(port["port"])) == str(port["port"])


def test_probes_ask_ports_that_containers_have(overlay: Overlay) -> None:
    for pod in overlay.pods:
        ports = {port["name"] for port in pod.container.get("ports", ())}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            how = pod.container.get(probe, {})
            asked = how.get("httpGet") or how.get("tcpSocket")
            assert asked is None or asked["port"] in ports, pod.name


def test_config_maps_that_are_named_exist(overlay: Overlay) -> None:
    named = {source["configMapRef"]["name"] for pod in overlay.pods for source in pod.container.get("envFrom", ())} | {
        volume["configMap"]["name"]
        for pod in overlay.pods
        for volume in pod.spec.get("volumes", ())
        if "configMap" in volume
    }

    # Grafana's sidecar takes these by their label.
    labels = {one["metadata"]["name"]: one["metadata"].get("labels", {}) for one in overlay.of("ConfigMap")}
    boards = {name for name, told in labels.items() if "grafana_dashboard" in told}

    assert named - overlay.names("ConfigMap") <= OUTSIDE["ConfigMap"]
    assert overlay.names("ConfigMap") - boards <= named


def test_secrets_come_from_the_store_or_from_the_script(overlay: Overlay, local_secrets: ModuleType) -> None:
    named = {name for pod in overlay.pods for name in pod.secrets}
    given = set(local_secrets.contents()) if overlay.name == "local" else overlay.names("ExternalSecret")

    assert named == given
    assert not overlay.of("Secret")


def test_no_secret_is_in_an_environment(overlay: Overlay) -> None:
    for pod in overlay.pods:
        told = [*pod.container.get("envFrom", ()), *pod.container.get("env", ())]
        assert not any("secretRef" in one or "secretKeyRef" in one.get("valueFrom", {}) for one in told), pod.name


def test_stores_accounts_and_triggers_that_are_named_exist(overlay: Overlay) -> None:
    stores = {one["spec"]["secretStoreRef"]["name"] for one in overlay.of("ExternalSecret")}
    auths = {
        trigger["authenticationRef"]["name"]
        for one in overlay.of("ScaledObject")
        for trigger in one["spec"]["triggers"]
        if "authenticationRef" in trigger
    }
    keys = {ref["name"] for one in overlay.of("TriggerAuthentication") for ref in one["spec"]["secretTargetRef"]}
    readers = {
        one["spec"]["provider"]["vault"]["auth"]["kubernetes"]["serviceAccountRef"]["name"]
        for one in overlay.of("SecretStore")
    }

    assert stores == overlay.names("SecretStore")
    assert auths == overlay.names("TriggerAuthentication")
    assert keys <= overlay.names("ExternalSecret")
    assert readers <= overlay.names("ServiceAccount") - {pod.spec["serviceAccountName"] for pod in overlay.pods}


def test_the_way_in_leads_to_the_gateway(overlay: Overlay) -> None:
    services = {one["metadata"]["name"]: one["spec"]["ports"][0] for one in overlay.of("Service")}
    routes = [ref for one in overlay.of("HTTPRoute") for ref in one["spec"]["rules"][0]["backendRefs"]]
    paths = [path for one in overlay.of("Ingress") for path in one["spec"]["rules"][0]["http"]["paths"]]

    assert bool(routes) != bool(paths)
    # Else the route is attached to the Gateway's listener without TLS as well.
    assert {ref.get("sectionName") for one in overlay.of("HTTPRoute") for ref in one["spec"]["parentRefs"]} <= {"https"}
    assert all(services[one["name"]]["port"] == one["port"] for one in routes)
    assert sum(one["weight"] for one in routes) == (100 if routes else 0)
    for path in paths:
        backend = path["backend"]["service"]
        assert services[backend["name"]]["name"] == backend["port"]["name"]


def test_claims_that_are_named_exist(overlay: Overlay) -> None:
    named = {
        volume["persistentVolumeClaim"]["claimName"]
        for pod in overlay.pods
        for volume in pod.spec.get("volumes", ())
        if "persistentVolumeClaim" in volume
    }

    assert named == overlay.names("PersistentVolumeClaim")
