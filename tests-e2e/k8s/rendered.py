"""An overlay as kustomize renders it, and the questions that the tests ask of it."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "k8s"
OVERLAYS = sorted(path.name for path in (TREE / "overlays").iterdir())
NAME, PART, COMPONENT = (f"app.kubernetes.io/{label}" for label in ("name", "part-of", "component"))
SECRETS = "/run/secrets/aiguy"
Document = dict[str, Any]


def kubectl() -> str:
    """The path of a kubectl whose kustomize is new enough. Raises CalledProcessError where there is none."""
    found = subprocess.run([ROOT / ".ci" / "kubectl"], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def render(program: str, folder: Path) -> str:
    """What kustomize makes of a folder, as YAML. Raises CalledProcessError with its words in `stderr`."""
    return subprocess.run([program, "kustomize", folder], capture_output=True, text=True, check=True).stdout


@dataclass(frozen=True)
class Pod:
    """The pod of one workload. `labels` are those of its template."""

    kind: str
    name: str
    labels: Mapping[str, str]
    spec: Document
    configs: Mapping[str, Mapping[str, str]]

    @property
    def container(self) -> Document:
        """Its one container."""
        (container,) = self.spec["containers"]
        return dict(container)

    @property
    def containers(self) -> list[Document]:
        """That one and those beside it."""
        return [*self.spec["containers"], *self.spec.get("initContainers", ())]

    @property
    def revision(self) -> str:
        """The tag of its image."""
        return str(self.container["image"].rpartition(":")[2])

    @property
    def lasting(self) -> bool:
        """Whether it is meant to run until it is told to end."""
        return self.kind in {"Deployment", "StatefulSet"}

    @cached_property
    def environment(self) -> dict[str, str]:
        """What its process is told, from ConfigMaps and from the manifest."""
        told: dict[str, str] = {}
        for source in self.container.get("envFrom", ()):
            told |= self.configs[source["configMapRef"]["name"]]
        return told | {one["name"]: one["value"] for one in self.container.get("env", ())}

    @property
    def service(self) -> str | None:
        """The package that it serves, for the five services."""
        command = self.container.get("command", ())
        return command[2] if self.labels.get(COMPONENT) == "service" and command[:2] == ["python", "-m"] else None

    @property
    def secrets(self) -> dict[str, set[str] | None]:
        """Name of a mounted Secret → its files that are mounted; None for all."""
        found: dict[str, set[str] | None] = {}
        for volume in self.spec.get("volumes", ()):
            sources = [one["secret"] for one in volume.get("projected", {}).get("sources", ())]
            for one in [*sources, *([volume["secret"]] if "secret" in volume else [])]:
                items = {item["key"] for item in one.get("items", ())}
                found[one.get("secretName") or one["name"]] = items or None
        return found


@dataclass(frozen=True)
class Overlay:
    """All that is applied together."""

    name: str
    documents: list[Document]

    def of(self, *kinds: str) -> list[Document]:
        """The documents of these kinds."""
        return [one for one in self.documents if one["kind"] in kinds]

    def names(self, *kinds: str) -> set[str]:
        """The names of all documents of these kinds."""
        return {one["metadata"]["name"] for one in self.of(*kinds)}

    @cached_property
    def pods(self) -> list[Pod]:
        """The pods of all workloads."""
        return list(self._pods())

    def _pods(self) -> Iterator[Pod]:
        configs = {one["metadata"]["name"]: one["data"] for one in self.of("ConfigMap")}
        for one in self.of("Deployment", "StatefulSet", "Job", "CronJob"):
            spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
            template = spec["template"]
            labels = template.get("metadata", {}).get("labels", {})
            yield Pod(one["kind"], one["metadata"]["name"], labels, template["spec"], configs)

    @property
    def deployments(self) -> list[Pod]:
        """Those that serve."""
        return [pod for pod in self.pods if pod.kind == "Deployment"]


def load(program: str, name: str) -> Overlay:
    """One overlay, rendered."""
    return Overlay(name, list(yaml.load_all(render(program, TREE / "overlays" / name), yaml.CSafeLoader)))


def matches(selector: Document, labels: Mapping[str, str]) -> bool:
    """Whether a label selector of Kubernetes takes something with these labels; an empty one takes everything."""
    wanted = selector.get("matchLabels", {}).items()
    among = [(one["key"], one["values"]) for one in selector.get("matchExpressions", ()) if one["operator"] == "In"]
    assert len(among) == len(selector.get("matchExpressions", ())), "only In is understood here"
    return all(labels.get(key) == value for key, value in wanted) and all(labels.get(k) in v for k, v in among)
