"""Which gauges one replica reads for all."""

from orchestrator.numbers import NUMBERS


def test_what_reads_a_whole_day_is_read_by_one_replica_for_all() -> None:
    day = {one.name for one in NUMBERS if "24 hours" in one.sql}
    assert len(day) == 7
    assert {one.name for one in NUMBERS if one.shared} == day
