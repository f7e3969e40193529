"""The corpus and its questions are imported as the benchmark imports them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
