"""The file of the master keys changes under a running service."""

import pytest
from structlog.testing import capture_logs

from servicekit.crypto import Keyring, KeyUnavailable, new_key
from servicekit.embedded.files import write_private
from servicekit.sealing.keyfile import KeyringFile
from servicekit.telemetry.metrics import Metrics
from servicekit.testing.clock import FakeClock


class File:
    """A key file as a service has it open, the ring that was written last, and what was counted."""

    def __init__(self, path):
        self.path, self.clock, self.metrics = path, FakeClock(), Metrics()
        self.ring = Keyring.generate()
        write_private(path, self.ring.to_json())
        self.keys = KeyringFile(path, self.clock).counted(self.metrics)

    def rotate(self, name):
        self.ring = self.ring.rotated(name)
        write_private(self.path, self.ring.to_json())

    def reads(self, outcome):
        return self.metrics.registry.get_sample_value("aiguy_key_file_reads_total", {"outcome": outcome}) or 0


@pytest.fixture
def file(tmp_path):
    return File(tmp_path / "master.json")


def test_a_rotation_is_seen_within_a_second_and_what_was_wrapped_before_still_opens(file):
    data_key = new_key()
    before = file.keys.wrap(data_key, b"row")
    file.rotate("k2")
    file.clock.advance(0.9)
    assert file.keys.current().active == "k1"
    file.clock.advance(0.2)
    after = file.keys.wrap(data_key, b"row")
    assert (before[0], after[0]) == ("k1", "k2")
    assert file.keys.unwrap_key(*before, b"row") == file.keys.unwrap_key(*after, b"row") == data_key
    assert file.reads("read") == 1


def test_a_key_id_of_another_process_is_looked_up_at_once(file):
    file.rotate("k2")
    key_id, wrapped = file.ring.wrap(new_key(), b"row")
    assert file.keys.unwrap_key(key_id, wrapped, b"row")


def test_a_key_that_is_nowhere_is_named_and_comes_back_with_the_file(file):
    data_key, good = new_key(), file.path.read_text()
    key_id, wrapped = file.keys.wrap(data_key, b"row")
    file.rotate("k2")
    write_private(file.path, file.ring.retired("k1").to_json())
    file.clock.advance(2)
    with pytest.raises(KeyUnavailable) as error:
        file.keys.unwrap_key(key_id, wrapped, b"row")
    assert error.value.key_id == "k1"
    write_private(file.path, good)
    assert file.keys.unwrap_key(key_id, wrapped, b"row") == data_key


@pytest.mark.parametrize("content", ["", '{"active": "k1", "ke', "[]", '{"active": "k9", "keys": {}}', "\x00\xff"])
def test_a_broken_file_changes_nothing_is_counted_and_logged_once(file, content):
    file.path.write_text(content)
    with capture_logs() as logs:
        for _ in range(3):
            file.clock.advance(2)
            assert file.keys.current().active == "k1"
    assert [line["event"] for line in logs] == ["key_file_refused"]
    assert file.reads("refused") == 1
    file.rotate("k2")
    file.clock.advance(2)
    assert file.keys.current().active == "k2"


def test_a_file_that_is_gone_changes_nothing(file):
    file.path.unlink()
    file.clock.advance(2)
    assert file.keys.current().active == "k1"
    assert file.reads("refused") == 1


def test_a_file_of_another_installation_is_no_rotation(file):
    hashed = file.keys.derive("subjects")
    write_private(file.path, Keyring.generate().rotated("k2").to_json())
    file.clock.advance(2)
    assert file.keys.current().active == "k1"
    assert file.keys.derive("subjects") == hashed
    assert file.reads("refused") == 1


def test_no_key_stands_in_a_log(file):
    with capture_logs() as logs:
        file.rotate("k2")
        file.clock.advance(2)
        file.keys.current()
        file.path.write_text(file.ring.to_json() + "}")
        file.clock.advance(2)
        file.keys.current()
    assert len(logs) == 2
    assert not any(secret in str(logs) for secret in file.ring.to_json().split('"') if len(secret) > 30)
