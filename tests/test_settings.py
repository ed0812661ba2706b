"""The settings are complete or refused, with every fault named at once and its mend."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.made_up import make_up, with_made_up
from config.settings import Settings, SettingsRefused

NEEDED = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "f" * 32, "SECRET_KEYS": "k" * 32}


def test_all_faults_are_told_at_once_with_their_mends() -> None:
    with pytest.raises(SettingsRefused) as refused:
        Settings.from_env(
            {"PORT": "a", "CALLER_ID": "0639980000", "PUBLIC_URL": "3624.fr", "DATABASE_URL": "x"}
        )
    said = str(refused.value)
    for name in ("PORT", "CALLER_ID", "PUBLIC_URL", "DATABASE_URL", *NEEDED):
        assert f"  {name} " in said
    assert said.count("attendu : ") == 7
    assert "TWILIO_AUTH_TOKEN manque" in said
    assert "make setup" in said
    assert "PORT est mal formé (« a ») ; attendu : un port entre 1 et 65535." in said


def test_unset_and_empty_settings_take_the_defaults_of_the_contract() -> None:
    settings = Settings.from_env(NEEDED | {"PORT": "", "REDIS_URL": " "})
    assert (settings.port, settings.console_port, settings.simulator_port, settings.feed_port) == (
        3624,
        3625,
        3626,
        3627,
    )
    assert settings.public_url == "http://127.0.0.1:3624"
    assert settings.console_url == "http://localhost:3625"
    assert settings.carrier_url == settings.simulator_url == "http://127.0.0.1:3626"
    assert settings.simulated
    assert settings.redis_url == "redis://127.0.0.1:3628/0"
    assert settings.database_url == "sqlite:///var/3624.sqlite3"
    assert (settings.smtp_url, settings.simulated_traffic, settings.log_level) == (None, 0, "info")


def test_derived_defaults_follow_what_is_set() -> None:
    settings = Settings.from_env(
        NEEDED | {"PORT": "5000", "VAR_DIR": "/srv/x", "EMBEDDED_REDIS_PORT": "7000"}
    )
    assert settings.public_url == "http://127.0.0.1:5000"
    assert settings.database_url == "sqlite:////srv/x/3624.sqlite3"
    assert settings.redis_url == "redis://127.0.0.1:7000/0"


def test_settings_are_frozen_and_show_no_secret() -> None:
    settings = Settings.from_env(NEEDED)
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc] # that is the point
    for secret in (NEEDED["TWILIO_AUTH_TOKEN"], NEEDED["SECRET_KEYS"]):
        assert secret not in repr(settings)


@pytest.mark.parametrize(
    "token", ["", "short", "f" * 31, "f" * 32 + ",", "f" * 32 + ",x", ",".join(["f" * 32] * 3)]
)
def test_an_empty_or_short_carrier_token_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(SettingsRefused, match="TWILIO_AUTH_TOKEN") as refused:
        Settings.from_env(NEEDED | {"TWILIO_AUTH_TOKEN": token})
    assert not token or f"« {token}" not in str(refused.value)


def test_two_tokens_are_taken_while_one_replaces_the_other() -> None:
    settings = Settings.from_env(NEEDED | {"TWILIO_AUTH_TOKEN": f"{'a' * 32}, {'b' * 32}"})
    assert settings.auth_tokens == ("a" * 32, "b" * 32)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("01 99 00 36 24", "+33199003624"),
        ("+33 5 36 49 00 00", "+33536490000"),
        ("0033261910000", "+33261910000"),
    ],
)
def test_the_number_we_show_is_kept_in_e164(given: str, kept: str) -> None:
    assert Settings.from_env(NEEDED | {"CALLER_ID": given}).caller_id == kept


@pytest.mark.parametrize(
    "given",
    [
        "06 39 98 00 00",
        "+33639980000",
        "0033700000000",
        "+33(0)639980000",
        "+262692000000",
        "3624",
        "0561",
        "x",
    ],
)
def test_a_mobile_number_or_nonsense_is_never_shown(given: str) -> None:
    with pytest.raises(SettingsRefused, match="CALLER_ID"):
        Settings.from_env(NEEDED | {"CALLER_ID": given})


def test_a_public_url_loses_its_trailing_slash_and_keeps_its_path() -> None:
    settings = Settings.from_env(NEEDED | {"PUBLIC_URL": "https://voix.example.org:8443/3624/"})
    assert settings.public_url == "https://voix.example.org:8443/3624"


@pytest.mark.parametrize(
    "url",
    [
        "/voice",
        "ftp://a.example",
        "https://a.example/?x=1",
        "https://a.example/#f",
        "https://u:p@a.example",
        "//a",
    ],
)
def test_a_public_url_that_signatures_cannot_be_checked_against_is_refused(url: str) -> None:
    with pytest.raises(SettingsRefused, match="PUBLIC_URL"):
        Settings.from_env(NEEDED | {"PUBLIC_URL": url})


def test_two_processes_on_one_port_are_refused() -> None:
    with pytest.raises(SettingsRefused, match="le port 3624 est déjà celui de PORT"):
        Settings.from_env(NEEDED | {"SIMULATOR_PORT": "3624"})


@pytest.mark.parametrize(
    "url", ["postgres://u:p@h/b", "postgresql://u:p@h/b", "postgresql+psycopg://u:p@h/b"]
)
def test_a_postgresql_url_gets_the_driver_we_have(url: str) -> None:
    assert Settings.from_env(NEEDED | {"DATABASE_URL": url}).database_url == "postgresql+psycopg://u:p@h/b"


def test_made_up_secrets_are_written_once_for_the_owner_only(tmp_path: Path) -> None:
    path = make_up(tmp_path)
    first = path.read_text()
    assert make_up(tmp_path).read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secrets.env"]
    assert Settings.from_env(with_made_up({"VAR_DIR": str(tmp_path)})).secrets_made_up


def test_made_up_secrets_are_refused_with_a_real_carrier(tmp_path: Path) -> None:
    make_up(tmp_path)
    env = with_made_up({"VAR_DIR": str(tmp_path), "TWILIO_API_URL": "https://carrier.example"})
    with pytest.raises(SettingsRefused, match=r"TWILIO_API_URL.*inventés"):
        Settings.from_env(env)
    assert (
        Settings.from_env(env | {"TWILIO_API_URL": "http://127.0.0.1:9"}).carrier_url == "http://127.0.0.1:9"
    )


def test_one_made_up_secret_is_enough_to_refuse_a_real_carrier(tmp_path: Path) -> None:
    make_up(tmp_path)
    given = {name: NEEDED[name] for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")}
    env = with_made_up(given | {"VAR_DIR": str(tmp_path), "TWILIO_API_URL": "https://carrier.example"})
    with pytest.raises(SettingsRefused, match="TWILIO_API_URL"):
        Settings.from_env(env)


def test_ones_own_secrets_are_taken_with_a_real_carrier(tmp_path: Path) -> None:
    make_up(tmp_path)
    env = with_made_up(NEEDED | {"VAR_DIR": str(tmp_path), "TWILIO_API_URL": "https://carrier.example"})
    settings = Settings.from_env(env)
    assert (settings.carrier_url, settings.simulated) == ("https://carrier.example", False)
    assert settings.secret_keys == ("k" * 32,)
