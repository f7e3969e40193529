"""Runs of an ingest: one at a time per source, recorded in the database, and what a dead one left is said."""

from retrieval.runs.recording import Run, recorded
from retrieval.runs.repository import LastRun, RunState, last_runs
from retrieval.runs.runner import run_source
from retrieval.runs.show import SILENT, Show

__all__ = ["SILENT", "LastRun", "Run", "RunState", "Show", "last_runs", "recorded", "run_source"]
