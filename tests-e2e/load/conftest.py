"""Where the parts of the load tests are."""

import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(_ROOT / "loadtests"), str(_ROOT / "tests-e2e" / "bench")]
# What runs inside Locust comes last: its modules have short names.
sys.path.append(str(_ROOT / "loadtests" / "swarm"))
