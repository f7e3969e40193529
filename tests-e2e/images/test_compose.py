"""docker-compose.yml fits the specification, the services' real settings, and itself; and nothing in it is open."""

import importlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from onebox.front_door import TOLD
from orchestrator.settings import load_issuers

from . import recipe
from .composed import FILE, ROOT, compose, environment, fill, mounted_secrets
from .recipe import Stage
from .test_dockerfile import SERVICES

#: What is built before it is mounted.
BUILT = "./var/plugin/aiguy-chat"
FILLED = {"local": {}, "a site": {"AIGUY_DEMO": "0", "AIGUY_ISSUERS_FILE": "/etc/issuers.json", "AIGUY_TAG": "1.2.3"}}


@cache
def _services() -> dict[str, Any]:
    services: dict[str, Any] = compose()["services"]
    return services


def _runs() -> dict[str, Any]:
    return {name: one for name, one in _services().items() if one["restart"] != "no"}


@pytest.mark.parametrize("told", FILLED.values(), ids=FILLED)
def test_it_fits_the_specification(told: Mapping[str, str]) -> None:
    text = files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text("utf-8")
    schema = json.loads(text)
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(compose(told))] == []


def test_a_mistake_against_the_specification_is_seen() -> None:
    text = files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text("utf-8")
    wrong = compose() | {"services": {"orders": {"image": "x", "memory_limit": "1g"}}}
    with pytest.raises(jsonschema.ValidationError, match="memory_limit"):
        jsonschema.validate(wrong, json.loads(text))


@pytest.mark.parametrize("name", [*SERVICES, *(f"migrate-{one}" for one in SERVICES)])
def test_each_variable_is_a_setting_of_the_service_that_is_told(name: str) -> None:
    fields = importlib.import_module(f"{name.removeprefix('migrate-')}.settings").Settings.model_fields
    given = [one for one in _services()[name]["environment"] if one.startswith("AIGUY_")]
    assert given
    names = {one.removeprefix("AIGUY_").lower() for one in given}
    assert {one for one in names if one not in fields and one.removesuffix("_file") not in fields} == set()


@pytest.mark.parametrize("name", SERVICES)
def test_each_file_that_a_service_is_told_of_is_mounted(name: str) -> None:
    service = _services()[name]
    told = {value for value in environment(service).values() if value.startswith("/run/secrets/")}
    there = dict(mounted_secrets(service))
    beside = {path for path in there if path.endswith("demo-issuer.jwks.json")}
    assert told == set(there) - beside


def test_each_secret_is_one_that_keys_makes(secrets: Path) -> None:
    declared = compose()["secrets"]
    used = {source for service in _services().values() for _, source in mounted_secrets(service)}
    assert used == set(declared)
    assert [one["file"] for one in declared.values() if not (secrets / Path(one["file"]).name).is_file()] == []
    assert {Path(one["file"]).parent for one in declared.values()} == {Path("secrets")}


def test_secrets_are_open_in_a_closed_folder_and_stay_when_made_again(secrets: Path, image: Any) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in secrets.iterdir() if one.stat().st_mode & 0o444 != 0o444] == []
    assert load_issuers(secrets / "issuers.json")[0].jwks is not None
    assert (secrets / "llm-key").read_text() == ""


def test_nobody_has_the_keys_of_another() -> None:
    own = {name: {source for _, source in mounted_secrets(_services()[name])} for name in SERVICES}
    for name, has in own.items():
        others = set().union(*(one for other, one in own.items() if other != name))
        assert has & others == set(), name


def test_every_address_is_a_neighbour_and_its_port() -> None:
    ports = dict.fromkeys(SERVICES, 8000) | {"gateway": 8090, "postgres": 5432, "valkey": 6379, "qdrant": 6333}
    assert [step.text for step in recipe.steps() if step.name == "EXPOSE"] == ["8000"]
    for name, service in _services().items():
        for value in environment(service).values():
            for host, port in re.findall(r"(?:https?://|^)([a-z][a-z-]*):(\d+)", value):
                assert ports[host] == int(port), f"{name}: {value}"
                assert set(service["networks"]) & set(_services()[host]["networks"]), f"{name} does not reach {host}"


def test_the_address_that_is_trusted_is_the_gateways() -> None:
    network = compose()["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    address = _services()["gateway"]["networks"]["inside"]["ipv4_address"]
    assert network.rpartition(".")[0] == address.rpartition(".")[0]
    assert {environment(_services()[name])["AIGUY_TRUSTED_PROXIES"] for name in SERVICES} == {address}


@pytest.mark.parametrize("name", compose()["services"])
def test_every_container_is_closed(name: str) -> None:
    service = _services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"] > 0
    assert service.get("privileged") is None
    assert service.get("user") not in ("root", "0", "0:0")
    _, _, tag = service["image"].rpartition(":")
    assert tag == "local" or re.search(r"\d+\.\d+", tag), "a version, not whatever is newest"


def test_whoever_keeps_running_says_whether_it_is_well() -> None:
    asked = {name for name, one in _runs().items() if one["healthcheck"].get("test")}
    assert set(_runs()) - asked == set()


def test_whoever_is_waited_for_can_be_waited_for() -> None:
    for name, service in _services().items():
        for other, wait in service.get("depends_on", {}).items():
            ends = _services()[other]["restart"] == "no"
            assert wait["condition"] == ("service_completed_successfully" if ends else "service_healthy"), name
            profiles = set(_services()[other].get("profiles", []))
            assert profiles <= set(service.get("profiles", [])) or wait["required"] is False, (
                f"{name} waits for {other}"
            )


def test_only_the_gateway_is_public_and_only_on_this_machine() -> None:
    published = {name: one["ports"] for name, one in _services().items() if "ports" in one}
    assert {name for name in published if not _services()[name].get("profiles")} == {"gateway"}
    assert [port for ports in published.values() for port in ports if not port.startswith("127.0.0.1:")] == []
    assert compose()["networks"]["data"]["internal"] is True
    assert set(_services()["postgres"]["networks"]) == set(_services()["valkey"]["networks"]) == {"data"}


def test_what_is_mounted_is_there() -> None:
    volumes = set(compose()["volumes"])
    used = {one.split(":")[0] for service in _services().values() for one in service.get("volumes", [])}
    assert {one for one in used if not one.startswith(".")} == volumes
    places = {one for one in used if one.startswith(".")} - {"./secrets", "./backups", BUILT}
    assert [one for one in places if not (ROOT / one).exists()] == []


def test_traces_come_to_where_services_are_told_to_send_them_and_from_there_to_grafana_and_prometheus() -> None:
    told = yaml.safe_load((ROOT / "images" / "observability" / "collector.yaml").read_text("utf-8"))
    named = {kind: set(one) for kind, one in told.items() if kind != "service"}
    for pipeline in told["service"]["pipelines"].values():
        assert set(pipeline.get("processors", ())) <= named["processors"]
        for side, kind in (("receivers", "receivers"), ("exporters", "exporters")):
            assert set(pipeline[side]) <= named[kind] | named["connectors"]
    assert set(told["service"]["extensions"]) == named["extensions"]
    kept = told["exporters"]["jaeger_storage_exporter"]["trace_storage"]
    assert kept == told["extensions"]["jaeger_query"]["storage"]["traces"]
    assert kept in told["extensions"]["jaeger_storage"]["backends"]
    (port,) = re.findall(r"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:(\d+)", FILE.read_text("utf-8"))
    assert told["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(f":{port}")
    sources = yaml.safe_load((ROOT / "images" / "observability" / "datasource.yaml").read_text("utf-8"))["datasources"]
    urls = {one["type"]: urlsplit(one["url"]) for one in sources}
    assert (urls["jaeger"].hostname, urls["jaeger"].port) == ("collector", 16686)
    assert (urls["prometheus"].hostname, urls["prometheus"].port) == ("prometheus", 9090)
    networks = {name: set(one.get("networks", ())) for name, one in _runs().items()}
    assert networks["collector"] & networks["grafana"] & networks["prometheus"] >= {"inside"}
    assert all("inside" in networks[name] for name in SERVICES)


def test_what_counts_for_the_door_is_beside_it_and_hears_where_it_is_told_to_speak() -> None:
    counting, gateway = _services()["door-numbers"], _services()["gateway"]
    told = environment(counting)
    assert counting["network_mode"] == "service:gateway"
    (heard,) = re.findall(r"syslog:server=([0-9.:]+),nohostname numbers;", FILE.read_text("utf-8"))
    assert heard == told["AIGUY_DOOR_HEAR"]
    inside = gateway["networks"]["inside"]["ipv4_address"]
    assert told["AIGUY_DOOR_SERVE"].startswith(f"{inside}:"), "not to the outside"
    port = gateway["ports"][0].rpartition(":")[2]
    assert told["AIGUY_DOOR_TOLD"] == f"{TOLD}:{port}"


def test_migrations_are_done_by_the_image_of_the_service() -> None:
    for name in SERVICES:
        once, service = _services()[f"migrate-{name}"], _services()[name]
        assert (once["image"], once["build"]) == (service["image"], service["build"])
        assert once["build"]["args"] == {"SERVICE": name}
        assert once["command"][0] == "migrate"


def test_a_placeholder_without_a_value_is_an_error() -> None:
    assert fill("${A:-${B:-c}} $$d", {}) == "c $d"
    assert fill("${A:-${B:-c}}", {"B": "b"}) == "b"
    with pytest.raises(KeyError, match="NAMELESS"):
        fill("${NAMELESS}", {})


def test_the_image_listens_where_compose_expects_it(image: Any) -> None:
    stage: Stage = image("orders")
    assert (stage.told["AIGUY_HOST"], stage.told["AIGUY_PORT"]) == ("0.0.0.0", "8000")
    tools = json.loads(environment(_services()["orchestrator"])["AIGUY_TOOL_URLS"])
    assert {urlsplit(url).hostname: urlsplit(url).port for url in tools.values()} == dict.fromkeys(tools, 8000)
    assert set(tools) == set(SERVICES) - {"orchestrator"}


def test_prometheus_asks_whom_the_rules_ask_for_and_finds_rules_and_dashboards() -> None:
    ours = ROOT / "k8s" / "observability"
    told = yaml.safe_load((ROOT / "images" / "observability" / "prometheus.yml").read_text("utf-8"))
    usual = yaml.safe_load((ours / "prometheus.yaml").read_text("utf-8"))
    jobs = {one["job_name"]: one["static_configs"][0]["targets"] for one in told["scrape_configs"]}
    assert set(jobs) - {"spans"} == {one["job_name"] for one in usual["scrape_configs"]} == {*SERVICES, "gateway"}
    assert {name: jobs[name] for name in SERVICES} == {name: [f"{name}:8000"] for name in SERVICES}
    counting = environment(_services()["door-numbers"])
    assert jobs["gateway"] == [f"gateway:{counting['AIGUY_DOOR_SERVE'].rpartition(':')[2]}"]
    (rules,) = told["rule_files"]
    assert list(ours.glob(rules.removeprefix("/etc/prometheus/observability/")))
    boards = yaml.safe_load((ROOT / "images" / "observability" / "dashboards.yaml").read_text("utf-8"))
    folder = boards["providers"][0]["options"]["path"].removeprefix("/etc/observability/")
    assert list((ours / folder).glob("*.json"))
