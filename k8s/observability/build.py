"""Writes Grafana's dashboards from `dashboards.yaml`, and `rules/` as the Prometheus operator takes them.

With `--check` it only says what is out of date.

python k8s/observability/build.py [--check]
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT = 12, 8


def panel(number: int, told: dict[str, Any]) -> dict[str, Any]:
    """One graph: two stand beside each other."""
    targets = [
        {"refId": chr(65 + place), "datasource": SOURCE, "expr": query, "legendFormat": legend}
        for place, (legend, query) in enumerate(told["queries"].items())
    ]
    return {
        "id": number + 1, "type": "timeseries", "title": told["title"], "datasource": SOURCE, "targets": targets,
        "fieldConfig": {"defaults": {"unit": told["unit"], "min": 0}, "overrides": []},
        "gridPos": {"x": WIDTH * (number % 2), "y": HEIGHT * (number // 2), "w": WIDTH, "h": HEIGHT},
    }  # fmt: skip


def dashboard(name: str, told: dict[str, Any]) -> str:
    """The dashboard's JSON. Which Prometheus it asks is chosen in Grafana."""
    choice = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    made = {
        "uid": f"aiguy-{name}", "title": told["title"], "tags": ["aiguy"], "schemaVersion": 39, "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"}, "timezone": "browser", "templating": {"list": [choice]},
        "panels": [panel(number, one) for number, one in enumerate(told["panels"])],
    }  # fmt: skip
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def operators_rules() -> str:
    """All groups of `rules/` as one document of the Prometheus operator."""
    files = sorted((HERE / "rules").glob("*.yaml"))
    groups = [group for path in files for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    made = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "aiguy"},
            "spec": {"groups": groups}}  # fmt: skip
    return "# Written by build.py from rules/.\n" + yaml.safe_dump(made, sort_keys=False, width=120)


def main(arguments: list[str]) -> int:
    """0, or 1 when `--check` found one that is out of date."""
    described = yaml.safe_load((HERE / "dashboards.yaml").read_text(encoding="utf-8"))
    wanted = {HERE / "dashboards" / f"{name}.json": dashboard(name, told) for name, told in described.items()}
    wanted[HERE / "operator.yaml"] = operators_rules()
    other = [path for path in (HERE / "dashboards").glob("*.json") if path not in wanted]
    outdated = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        sys.stdout.writelines(f"out of date: {path.name}; run `make dashboards`\n" for path in outdated + other)
        return 1 if outdated or other else 0
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    for path in other:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
