"""What search, ingest and deepening cost at a given number of chunks."""

import sys
from pathlib import Path

# Its pages and questions are those of the knowledge bench, whose modules import each other by their plain names.
sys.path.append(str(Path(__file__).parents[1] / "knowledge"))
