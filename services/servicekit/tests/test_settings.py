"""Settings come from arguments, the environment, files named there, and a folder of secrets."""

import pytest
from pydantic import ValidationError

from servicekit.settings import ServiceSettings


class Settings(ServiceSettings):
    service: str = "orders"
    shops: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    import os

    for name in [name for name in os.environ if name.startswith("AIGUY_")]:
        monkeypatch.delenv(name)


def test_the_environment_names_what_is_needed(monkeypatch):
    monkeypatch.setenv("AIGUY_DATABASE_URL", "postgresql://a")
    monkeypatch.setenv("AIGUY_PORT", "8081")
    monkeypatch.setenv("AIGUY_SOMETHING_ELSE", "ignored")
    settings = Settings()
    assert (settings.service, settings.port, settings.host) == ("orders", 8081, "127.0.0.1")


def test_a_missing_setting_is_named():
    with pytest.raises(ValidationError, match="database_url"):
        Settings()


def test_a_file_may_hold_a_value_also_a_structured_one(monkeypatch, tmp_path):
    (tmp_path / "db").write_text("postgresql://from-file\n")
    (tmp_path / "shops").write_text('{"de": "x"}')
    monkeypatch.setenv("AIGUY_DATABASE_URL_FILE", str(tmp_path / "db"))
    monkeypatch.setenv("AIGUY_SHOPS_FILE", str(tmp_path / "shops"))
    settings = Settings()
    assert (settings.database_url, settings.shops) == ("postgresql://from-file", {"de": "x"})


def test_an_empty_file_says_nothing(monkeypatch, tmp_path):
    (tmp_path / "jwks").write_text("\n")
    monkeypatch.setenv("AIGUY_JWKS_URL_FILE", str(tmp_path / "jwks"))
    assert Settings(database_url="postgresql://a").jwks_url is None


def test_a_setting_that_is_itself_a_path_is_not_read(monkeypatch, tmp_path):
    monkeypatch.setenv("AIGUY_MASTER_KEY_FILE", str(tmp_path / "not-yet-there"))
    assert Settings(database_url="postgresql://a").master_key_file == tmp_path / "not-yet-there"


def test_a_folder_of_secrets_comes_last(monkeypatch, tmp_path):
    (tmp_path / "aiguy_database_url").write_text("postgresql://from-folder")
    monkeypatch.setenv("AIGUY_SECRETS_DIR", str(tmp_path))
    assert Settings().database_url == "postgresql://from-folder"
    monkeypatch.setenv("AIGUY_DATABASE_URL", "postgresql://from-environment")
    assert Settings().database_url == "postgresql://from-environment"


def test_passwords_do_not_show_in_a_printed_object():
    assert "hunter2" not in repr(Settings(database_url="postgresql://a:hunter2@b/c", redis_url="redis://:hunter2@b"))
