"""A policy of limits that would bind nobody, or everybody, by an oversight."""

from decimal import Decimal
from importlib import resources
from pathlib import Path

import pytest
import yaml

from orchestrator.limits.policy import Cap, RateSet, load_limits


@pytest.mark.parametrize("rate", ["0/minute", "5/second;0/hour", "nonsense"])
def test_a_rate_that_lets_nobody_in_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        RateSet(caller=rate)


def test_the_smallest_amount_of_money_still_binds() -> None:
    assert Cap(usd=Decimal("0.0000001")).cost_micros == 1
    assert Cap(usd=Decimal("0.25")).cost_micros == 250_000
    policy = load_limits().model_copy(update={"turn_usd": Decimal("0.0000001")})
    assert policy.turn_cost_micros == 1
    assert policy.model_copy(update={"turn_usd": Decimal(0)}).turn_cost_micros == 0


@pytest.mark.parametrize("content", ["", "[]", "caps: 5", "caps: {shop_day: 5}"])
def test_a_file_of_another_shape_is_a_value_error_also_when_single_caps_are_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text(content)
    with pytest.raises(ValueError, match="LimitsPolicy"):
        load_limits(file, shop_day_usd=Decimal(1))


def test_a_file_from_before_there_were_promised_mails_has_their_rates_as_they_ship(tmp_path: Path) -> None:
    raw = yaml.safe_load(resources.files("orchestrator.policy").joinpath("limits.yaml").read_text("utf-8"))
    del raw["rates"]["mail"]
    file = tmp_path / "limits.yaml"
    file.write_text(yaml.safe_dump(raw))
    assert load_limits(file).rates == load_limits().rates
    del raw["rates"]["read"]
    file.write_text(yaml.safe_dump(raw))
    with pytest.raises(ValueError, match="rates lacks read"):
        load_limits(file)
