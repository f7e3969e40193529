"""The recipes in images/ without an engine: their steps, and what these make of a clean folder.

COPY takes what .dockerignore lets through; RUN lines of uv run as they stand. What only an engine has (the base image,
users, layers) is left out.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docker.utils.build import exclude_paths

from servicekit.embedded.account import Account

from .composed import ROOT, fill

FILE = ROOT / "images" / "Dockerfile"
OPERATIONS = ROOT / "images" / "operations.Dockerfile"
#: Whom the image runs as.
IMAGE_USER = Account(10001, 10001)


@dataclass(frozen=True)
class Step:
    """One instruction, its lines joined."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The text as a shell reads it."""
        return shlex.split(self.text)


def steps(file: Path = FILE) -> list[Step]:
    """All instructions in their order."""
    lines = [line for line in file.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines()]


def context() -> set[str]:
    """The files of the repository that reach the builder, relative to its root."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] not in ("", "#")]
    return {name for name in exclude_paths(str(ROOT), patterns) if (ROOT / name).is_file()} - {".dockerignore"}


@dataclass
class Stage:
    """What the steps since a FROM have made: files below `root`, and what a process there is told."""

    root: Path
    place: str = "/"
    arguments: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    last: dict[str, Step] = field(default_factory=dict)

    def at(self, path: str) -> Path:
        """A path of the image, here; relative ones from the WORKDIR."""
        return self.root / os.path.normpath(os.path.join(self.place, path)).lstrip("/")

    def command(self, name: str) -> list[str]:
        """The exec form of ENTRYPOINT, CMD or HEALTHCHECK."""
        words: list[str] = json.loads("[" + self.last[name].text.split("[", 1)[1])
        return words


def build(service: str, folder: Path, uv: Path, python: Path, file: Path = FILE) -> Stage:
    """The final stage of an image, made below `folder`. Raises CalledProcessError with what uv said."""
    stages: dict[str, Stage] = {}
    stage = Stage(folder)
    files = context()
    for step in steps(file):
        words = step.words if step.name != "HEALTHCHECK" else []
        match step.name:
            case "FROM":
                stage = stages[words[2] if "AS" in words else "final"] = Stage(folder / str(len(stages)))
            case "ARG":
                stage.arguments[step.text] = {"SERVICE": service}[step.text]
            case "ENV":
                stage.told |= dict(fill(word, stage.arguments).split("=", 1) for word in words)
            case "WORKDIR":
                stage.place = step.text
                stage.at(".").mkdir(parents=True, exist_ok=True)
            case "COPY":
                *sources, target = [fill(word, stage.arguments) for word in words if not word.startswith("--")]
                origin = next((stages[word.partition("=")[2]] for word in words if word.startswith("--from=")), None)
                _copy(origin or ROOT, sources, stage.at(target), files)
            case "RUN":
                _run([fill(word, stage.arguments) for word in words], stage, uv, python)
        stage.last[step.name] = step
    return stages["final"]


def _copy(origin: Stage | Path, sources: Sequence[str], target: Path, files: set[str]) -> None:
    for source in sources:
        if isinstance(origin, Stage):
            # Moved: nothing else needs what the other stage made.
            origin.at(source).rename(target)
            continue
        found = [name for name in files if name == source or name.startswith(f"{source}/")]
        if not found:
            raise FileNotFoundError(f"COPY {source}: nothing of it reaches the builder")
        for name in found:
            inside = name.removeprefix(f"{source}/") if name != source else Path(name).name
            place = target / inside
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place)


def _run(words: Sequence[str], stage: Stage, uv: Path, python: Path) -> None:
    match words:
        case ["uv", *rest]:
            usual = {name: os.environ[name] for name in ("HOME", "SSL_CERT_FILE", "UV_CACHE_DIR") if name in os.environ}
            told = usual | {"PATH": "/usr/bin:/bin", "UV_PYTHON": str(python), "UV_PYTHON_DOWNLOADS": "never"}
            subprocess.run([uv, *rest], cwd=stage.at("."), env=told, check=True, capture_output=True, text=True)
        case ["pip", "install", "--no-cache-dir", tool] if tool.startswith("uv=="):
            return
        case ["install", "-d", "-o", user, "-g", group, path]:
            stage.at(path).mkdir(parents=True)
            if os.geteuid() == 0:
                os.chown(stage.at(path), int(user), int(group))
        case _:
            raise ValueError(f"a step that the replay does not know: RUN {shlex.join(words)}")


def packages(stage: Stage) -> Iterator[str]:
    """The names of what is installed in the image's environment."""
    for folder in stage.at(".venv").glob("lib/python*/site-packages/*.dist-info"):
        yield re.sub(r"[-_.]+", "-", folder.name.rsplit("-", 1)[0].split("-")[0]).lower()


def told(stage: Stage, more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process in the image, with the paths of this machine."""
    path = stage.told["PATH"].replace("/app/", f"{stage.at('/app')}/")
    return {**stage.told, "PATH": path, **more}
