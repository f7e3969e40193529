"""Rules, dashboards, code and runbooks speak of the same signals: those of the matrix."""

import json
import re

import yaml

from .matrix import HERE, ROOT, SUFFIXES, all_metrics, load

NAME = re.compile(r"\b(?:aiguy|process|kube)_[a-z0-9_]+\b")
#: Metrics where code makes them.
MADE = re.compile(r'(?:counter|gauge|histogram|Number)\(\s*"(aiguy_[a-z0-9_]+)"')
SELECTED = re.compile(r"\b((?:aiguy|process)_[a-z0-9_]+)\b(?:\{([^}]*)\})?")
MATCHED = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
GROUPED = re.compile(r"\bby \(([^)]+)\)")
#: Labels that come with every scrape, and with every histogram.
GIVEN = {"job", "instance", "le"}
RECORD = re.compile(r"\baiguy:[a-z_]+:ratio_rate\w+")
PARTS = ("## What the customer sees", "## How to see it", "## What to do", "## How to know that it is over")
RULES = sorted((HERE / "rules").glob("*.yaml"))
RUNBOOKS = ROOT / "services" / "runbooks"


def alerts() -> list[dict[str, dict[str, str]]]:
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_each_metric_that_code_makes_is_in_the_matrix() -> None:
    listed = {name for part in load()["metrics"].values() for name in part}
    made = {name for path in (ROOT / "services").glob("*/src/**/*.py") for name in MADE.findall(path.read_text())}
    assert len(made) > 60
    assert sorted(made - listed) == []


def test_rules_and_panels_ask_for_metrics_that_exist() -> None:
    known = all_metrics()
    records = {rule["record"] for path in RULES for group in yaml.safe_load(path.read_text())["groups"]
               for rule in group["rules"] if "record" in rule}  # fmt: skip
    texts = {path.name: path.read_text() for path in (*RULES, *(HERE / "dashboards").glob("*.json"))}
    asked = {(place, name) for place, text in texts.items() for name in NAME.findall(text)}
    assert len(asked) > 40
    assert sorted(one for one in asked if one[1] not in known) == []
    assert {name for text in texts.values() for name in RECORD.findall(text)} <= records


def expressions() -> dict[str, str]:
    """Every question that a rule or a panel asks, by where it stands."""
    rules = [(path.name, rule) for path in RULES for group in yaml.safe_load(path.read_text())["groups"]
             for rule in group["rules"]]  # fmt: skip
    asked = {f"{place} {rule.get('alert') or rule['record']}": rule["expr"] for place, rule in rules}
    for board, told in yaml.safe_load((HERE / "dashboards.yaml").read_text()).items():
        for panel in told["panels"]:
            asked |= {f"{board}: {panel['title']}: {legend}": query for legend, query in panel["queries"].items()}
    return asked


def test_rules_and_panels_ask_for_labels_that_their_metrics_have() -> None:
    """A selector with a label that does not exist finds nothing, and an alert on nothing is silent for ever."""
    labels = {
        name + suffix: set(told.get("labels", ())) for part in load()["metrics"].values() for name, told in part.items()
        for suffix in ("", *SUFFIXES)
    }  # fmt: skip
    wrong = []
    for place, text in expressions().items():
        in_braces = [(name, set(MATCHED.findall(told or ""))) for name, told in SELECTED.findall(text)]
        ours = [(name, told) for name, told in in_braces if name in labels]
        wrong += [(place, name, told) for name, told in ours if not told <= labels[name] | GIVEN]
        known = GIVEN.union(*(labels[name] for name, _ in ours))
        grouped = {label for told in GROUPED.findall(text) for label in re.split(r"\s*,\s*", told)}
        shown = set(re.findall(r"{{(\w+)}}", place))
        if ours:
            wrong += [(place, "by", grouped - known)] if not grouped <= known else []
            wrong += [(place, "legend", shown - grouped)] if not shown <= grouped else []
    assert wrong == []


def test_each_alert_names_a_page_that_says_what_to_do_and_each_page_is_named() -> None:
    pages = {one["alert"]: one["annotations"]["runbook_url"] for one in alerts()}
    assert len(pages) > 20
    assert {page: (ROOT / page).is_file() for page in pages.values()} == dict.fromkeys(pages.values(), True)
    listed = (RUNBOOKS / "README.md").read_text()
    assert [alert for alert in pages if f"`{alert}`" not in listed] == []
    for path in sorted(RUNBOOKS.glob("*.md")):
        if path.name == "README.md":
            continue
        text = path.read_text()
        assert [part for part in PARTS if part not in text] == [], path.name
        assert f"({path.name})" in listed


def test_each_alert_is_tried_in_both_ways() -> None:
    tried = {
        (case["alert_rule_test"][0]["alertname"], bool(case["alert_rule_test"][0]["exp_alerts"]))
        for path in (HERE / "rules" / "tests").glob("*.yaml") for case in yaml.safe_load(path.read_text())["tests"]
    }  # fmt: skip
    assert {(one["alert"], fires) for one in alerts() for fires in (True, False)} <= tried


def test_every_metric_that_a_panel_shows_is_in_a_dashboard_that_loads() -> None:
    titles = [json.loads(path.read_text())["title"] for path in sorted((HERE / "dashboards").glob("*.json"))]
    assert titles == ["AIGuy: agent", "AIGuy: knowledge", "AIGuy: money", "AIGuy: services"]
