"""Metrics are asked of the jobs that rules and panels ask for; the cluster has the rules themselves too."""

import re
from typing import Any

import pytest
import yaml

from onebox.front_door import TOLD
from onebox.stack import SERVICES

from .rendered import TREE, Document, Overlay, matches

RULES = sorted((TREE / "observability" / "rules").glob("*.yaml"))


@pytest.fixture
def production(overlays: dict[str, Overlay]) -> Overlay:
    return overlays["production"]


def job_of(service: Document, monitor: Document) -> str:
    """The label `job` of a service's series, as the Prometheus operator makes it."""
    named = monitor["spec"].get("jobLabel", "")
    job = service["metadata"]["labels"].get(named, service["metadata"]["name"])
    for one in monitor["spec"]["endpoints"][0].get("relabelings", ()):
        assert (one["sourceLabels"], one["targetLabel"]) == (["job"], "job")
        job = one["replacement"] if re.fullmatch(one["regex"], job) else job
    return str(job)


def test_every_replica_is_asked_and_its_job_is_the_service_that_rules_ask_for(production: Overlay) -> None:
    (monitor,) = [one for one in production.of("ServiceMonitor") if one["metadata"]["name"] == "aiguy"]
    asked = [one for one in production.of("Service") if matches(monitor["spec"]["selector"], one["metadata"]["labels"])]
    jobs = {one["metadata"]["name"]: job_of(one, monitor) for one in asked}

    assert set(jobs) == {pod.name for pod in production.deployments if pod.service}
    assert {name: job for name, job in jobs.items() if job != name} == {
        "orchestrator-worker": "orchestrator", "orchestrator-green": "orchestrator",
    }  # fmt: skip
    assert set(jobs.values()) == set(SERVICES)


def test_every_pod_of_the_door_is_asked_for_its_numbers_which_it_hears_where_nginx_speaks(production: Overlay) -> None:
    (monitor,) = [one for one in production.of("ServiceMonitor") if one["metadata"]["name"] == "aiguy-door"]
    (service,) = [
        one for one in production.of("Service") if matches(monitor["spec"]["selector"], one["metadata"]["labels"])
    ]
    asked = [pod for pod in production.pods if matches({"matchLabels": service["spec"]["selector"]}, pod.labels)]
    (port,), (endpoint,) = service["spec"]["ports"], monitor["spec"]["endpoints"]

    assert {pod.name for pod in asked} == {"gateway", "gateway-green"}
    assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "gateway"
    for pod in asked:
        (beside,) = [one for one in pod.containers if one["name"] == "numbers"]
        told = {one["name"]: one["value"] for one in beside["env"]}
        assert beside["ports"] == [{"name": endpoint["port"], "containerPort": port["port"]}]
        assert told["AIGUY_DOOR_SERVE"] == f"0.0.0.0:{port['port']}"
        assert f"server={told['AIGUY_DOOR_HEAR']}," in pod.environment["AIGUY_GATEWAY_NUMBERS"]
        assert told["AIGUY_DOOR_TOLD"] == f"{TOLD}:{pod.container['ports'][0]['containerPort']}"
        assert beside["restartPolicy"] == "Always"


def test_the_cluster_has_every_rule_and_every_dashboard(production: Overlay) -> None:
    (rules,) = production.of("PrometheusRule")
    groups: list[Any] = [group for path in RULES for group in yaml.safe_load(path.read_text("utf-8"))["groups"]]
    boards = {
        name for one in production.of("ConfigMap") if one["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
        for name in one["data"]
    }  # fmt: skip

    assert rules["spec"]["groups"] == groups
    assert boards == {path.name for path in (TREE / "observability" / "dashboards").iterdir()}


def test_the_alert_about_backups_looks_at_the_cron_jobs_that_make_them(production: Overlay) -> None:
    (rules,) = production.of("PrometheusRule")
    (alert,) = [
        rule for group in rules["spec"]["groups"] for rule in group["rules"] if rule.get("alert") == "AiguyBackupOld"
    ]
    (asked,) = set(re.findall(r'cronjob=~"([^"]+)"', alert["expr"]))
    backups = {name for name in production.names("CronJob") if re.fullmatch(asked, name)}

    assert backups == production.names("CronJob") - {"crawl-knowledge"}
    assert backups == {"backup-all", "backup-erasures"}
