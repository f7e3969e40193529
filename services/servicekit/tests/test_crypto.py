"""Sealed values, master keys that rotate, signed links."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.crypto import (
    Keyring,
    SealError,
    hash_subject,
    new_key,
    open_sealed,
    seal,
    sign_link,
    verify_link,
)

KEY = new_key()


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_is_sealed_opens_again(plaintext, aad):
    assert open_sealed(KEY, seal(KEY, plaintext, aad), aad) == plaintext


@given(st.integers(0, 60), st.integers(1, 255))
def test_any_changed_byte_keeps_it_shut(place, mask):
    blob = bytearray(seal(KEY, b"x" * 32, b"row 1"))
    blob[place % len(blob)] ^= mask
    with pytest.raises(SealError):
        open_sealed(KEY, bytes(blob), b"row 1")


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x02" + b"x" * 60])
def test_what_was_never_sealed_does_not_open(blob):
    with pytest.raises(ValueError, match="sealed"):
        open_sealed(KEY, blob, b"")


def test_it_opens_only_for_what_it_belongs_to_and_under_its_key():
    blob = seal(KEY, b"secret", b"row 1")
    assert b"secret" not in blob
    assert blob != seal(KEY, b"secret", b"row 1")
    for key, aad in ((KEY, b"row 2"), (new_key(), b"row 1")):
        with pytest.raises(SealError):
            open_sealed(key, blob, aad)


def test_data_keys_survive_a_rotation_of_the_master_key():
    old = Keyring.generate()
    data_key = new_key()
    wrapped, key_id = old.wrap_key(data_key, b"cnv_1"), old.active
    new = old.rotated("k2")
    assert new.active == "k2"
    assert new.unwrap_key(key_id, wrapped, b"cnv_1") == data_key
    assert new.unwrap_key("k2", new.wrap_key(data_key, b"cnv_1"), b"cnv_1") == data_key
    with pytest.raises(SealError):
        old.unwrap_key("k2", new.wrap_key(data_key))
    with pytest.raises(SealError):
        new.unwrap_key(key_id, wrapped, b"cnv_2")


def test_derived_keys_are_the_same_after_a_rotation_and_differ_by_purpose():
    ring = Keyring.generate()
    assert ring.derive("subjects") == ring.rotated("k2").derive("subjects")
    assert ring.derive("subjects") != ring.derive("cache")
    assert ring.derive("subjects") != Keyring.generate().derive("subjects")


def test_a_key_file_is_read_as_documented(tmp_path):
    ring = Keyring.generate().rotated("k2")
    path = tmp_path / "keys.json"
    path.write_text(ring.to_json())
    again = Keyring.load(path)
    assert again.active == "k2"
    assert again.derive("x") == ring.derive("x")
    content = json.loads(ring.to_json())
    del content["root"]
    path.write_text(json.dumps(content))
    assert Keyring.load(path).active == "k2"


@pytest.mark.parametrize(
    "content", ["{}", "[]", '{"active": "a", "keys": {}}', '{"active": "a", "keys": {"a": "AAAA"}}', "x"]
)
def test_a_key_file_of_another_form_is_refused(tmp_path, content):
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(ValueError):
        Keyring.load(tmp_path / "keys.json")


def test_a_link_is_good_for_its_path_until_its_time():
    signature = sign_link(KEY, "/files/1", 1000)
    assert verify_link(KEY, "/files/1", 1000, signature, now=999)
    assert not verify_link(KEY, "/files/1", 1000, signature, now=1000)
    assert not verify_link(KEY, "/files/2", 1000, signature, now=999)
    assert not verify_link(KEY, "/files/1", 2000, signature, now=999)
    assert not verify_link(KEY, "/files/1", 1000, signature + "é", now=999)
    assert not verify_link(new_key(), "/files/1", 1000, signature, now=999)


def test_a_pseudonym_is_stable_and_needs_the_secret():
    assert hash_subject(KEY, "cust_ada") == hash_subject(KEY, "cust_ada")
    assert hash_subject(KEY, "cust_ada") != hash_subject(new_key(), "cust_ada")
    assert len(hash_subject(KEY, "cust_ada")) == 64
