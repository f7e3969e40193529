"""The tests of this bench import it as the runner does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
