"""The tests of this bench import its modules by their plain names, as the runner does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
