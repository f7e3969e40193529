"""When people are there, and what happens to who waits for one, from `policy/hours.yaml`. Pure but for the file."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Self

import yaml
from pydantic import Field, ValidationError, model_validator

from servicekit.hours import OpeningHours


class Moment(StrEnum):
    """What is said to a customer to whom no person has spoken: nobody is free; you still wait, and staff know."""

    TOLD = "told"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Step:
    """What happens next to a customer who waits, and when."""

    moment: Moment
    at: datetime


class HoursPolicy(OpeningHours):
    """The file."""

    version: str
    told_after_minutes: int = Field(ge=1, le=24 * 60)
    late_after_minutes: int = Field(ge=1, le=7 * 24 * 60)

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.late_after_minutes <= self.told_after_minutes:
            raise ValueError("late_after_minutes is more than told_after_minutes")
        return self

    def next_step(self, asked_at: datetime, told_at: datetime | None, late_at: datetime | None) -> Step | None:
        """What is due, or will be, to somebody who asked for a person then; None when all was said."""
        if told_at is None:
            waited = asked_at + timedelta(minutes=self.told_after_minutes)
            # Whoever asks at night, or whose answer did not come before people left, hears it then.
            return Step(Moment.TOLD, min(waited, self.closes(asked_at)))
        if late_at is None:
            return Step(Moment.LATE, self.after(timedelta(minutes=self.late_after_minutes), asked_at))
        return None


def load_hours(file: Path | None = None) -> HoursPolicy:
    """The policy that ships with the service, or that of a file. Raises ValueError when it is wrong."""
    if file is None:
        text = resources.files("orchestrator.policy").joinpath("hours.yaml").read_text("utf-8")
    else:
        text = file.read_text("utf-8")
    try:
        return HoursPolicy.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"the opening hours are wrong: {error}") from error
