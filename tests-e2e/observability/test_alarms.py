"""What `aiguy status` shows in red is what an alert would say, from the same value on."""

import re

import pytest

from onebox.alarms import Alarm, load_alarms

from .test_names import alerts

ALARMS = load_alarms()
RULES = {one["alert"]: one for one in alerts()}


def limits(expression: str, sign: str) -> set[float]:
    """Every number that the expression compares with by this sign; products are worked out."""
    found = re.findall(rf"(?<![<>=]){sign} (\d+(?:\.\d+)?(?: \* \d+(?:\.\d+)?)*)(?![\d.])", expression)
    made = set()
    for text in found:
        value = 1.0
        for factor in text.split(" * "):
            value *= float(factor)
        made.add(value)
    return made


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS)
def test_an_alarm_has_the_value_the_least_number_and_the_page_of_its_alert(alarm: Alarm) -> None:
    rule = RULES[alarm.alert]
    assert limits(rule["expr"], ">") == {alarm.above}
    assert limits(rule["expr"], ">=") == ({float(alarm.least)} if alarm.least else set())
    assert rule["annotations"]["runbook_url"] == f"services/runbooks/{alarm.runbook}.md"


@pytest.mark.parametrize("alarm", [one for one in ALARMS.values() if one.among], ids=lambda one: one.alert)
def test_what_counts_is_the_same(alarm: Alarm) -> None:
    assert set(re.findall(r'(?:outcome|kind)=~"([^"]+)"', RULES[alarm.alert]["expr"])) == {"|".join(alarm.among)}


def test_limits_are_read_from_an_expression() -> None:
    text = "a / b > 0.02 and sum(c) >= 3 and d > 4 * 3600"
    assert (limits(text, ">"), limits(text, ">=")) == ({0.02, 14400.0}, {3.0})
