from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.settings import Database, Limits, Settings, Worker
from services.settings.environment import variables


def test_setting_is_read_from_its_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCEWIRE_LIMITS__BODY_BYTES", "1000")
    monkeypatch.setenv("STANCEWIRE_WORKER__PROCESSES", "3")
    monkeypatch.setenv("STANCEWIRE_BROKER__KEY_PREFIX", "tenant:")
    settings = Settings()
    assert (settings.limits.body_bytes, settings.worker.processes, settings.broker.key_prefix) == (1000, 3, "tenant:")
    assert settings.limits.batch_lines == Limits().batch_lines, "the rest keeps its default"


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("STANCEWIRE_LIMITS__BODY_BITES", "STANCEWIRE_LIMITS__BODY_BYTES"),
        ("STANCEWIRE_LIMTS__BODY_BYTES", "STANCEWIRE_LIMITS__BODY_BYTES"),
        ("STANCEWIRE_LIMITS_BODY_BYTES", "STANCEWIRE_LIMITS__BODY_BYTES"),
        ("STANCEWIRE_DATABSE_URL", "STANCEWIRE_DATABASE_URL"),
        ("STANCEWIRE_API_PORT", "STANCEWIRE_API__PORT"),
    ],
)
def test_misspelt_variable_is_refused_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, nearest: str
) -> None:
    monkeypatch.setenv(variable, "1000")
    with pytest.raises(ValidationError, match=f"{variable} is not a setting; the nearest one is {nearest}"):
        Settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STANCEWIRE_URL", "http://127.0.0.1:8400"),
        ("stancewire_limits__body_bytes", "1000"),
        ("STANCEWIRE_LIMITS", '{"body_bytes": 1000}'),
        ("STANCEWIRE_API_SERVICE_HOST", "10.0.0.1"),
        ("STANCEWIRE_API_SERVICE_PORT_HTTP", "8400"),
        ("STANCEWIRE_API_PORT", "tcp://10.0.0.1:8400"),
        ("STANCEWIRE_API_PORT_8400_TCP_ADDR", "10.0.0.1"),
    ],
)
def test_other_variables_with_the_prefix_are_accepted(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    Settings()


def test_unknown_field_in_a_group_given_as_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCEWIRE_LIMITS", '{"body_bites": 1000}')
    with pytest.raises(ValidationError, match="body_bites"):
        Settings()


def test_every_setting_has_a_description() -> None:
    undescribed = [variable for variable, _, field in variables(Settings) if not field.description]
    assert undescribed == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIMITS__BODY_BYTES", "0"),
        ("LIMITS__BODY_BYTES", "lots"),
        ("LIMITS__FREE_DISK_RATIO", "1"),
        ("API__PORT", "65536"),
        ("API__POLL_S", "0"),
        ("BROKER__MESSAGE_ARTICLES", "17"),
        ("WORKER__PROCESSES", "-1"),
        ("LOG__LEVEL", "LOUD"),
    ],
)
def test_value_out_of_bounds_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"STANCEWIRE_{name}", value)
    with pytest.raises(ValidationError, match=name.split("__")[1].lower()):
        Settings()


@pytest.mark.parametrize(
    "limits",
    [
        {"lease_s": 25, "hard_limit_s": 25},
        {"lease_s": 20},
        {"soft_limit_s": 26},
        {"soft_limit_s": 10, "hard_limit_s": 9},
    ],
)
def test_limits_that_exceed_the_lease_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="soft_limit_s <= hard_limit_s < lease_s"):
        Worker(**limits)


def test_defaults_are_consistent() -> None:
    worker, broker, limits = Settings().worker, Settings().broker, Settings().limits
    assert worker.renew_s * 2 < worker.lease_s, "one renewal may fail"
    assert limits.body_bytes <= limits.batch_bytes
    assert broker.send_timeout_s < 1


def test_settings_are_immutable() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.worker.processes = 2  # type: ignore[misc]  # frozen, as the test shows
    with pytest.raises(ValidationError, match="frozen"):
        settings.database_url = "sqlite://"  # type: ignore[misc]  # as above


def test_addresses_of_database_and_redis_have_an_order_of_precedence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = Settings(state_dir=tmp_path)
    assert settings.resolved_database_url() == f"sqlite:///{tmp_path / 'stancewire.db'}"
    assert settings.resolved_redis_url() == f"unix://{tmp_path / 'redis.sock'}"
    monkeypatch.setenv("STANCEWIRE_DATABASE__URL", "postgresql+psycopg://db/one")
    monkeypatch.setenv("STANCEWIRE_BROKER__URL", "redis://one/0")
    assert (Settings().resolved_database_url(), Settings().resolved_redis_url()) == (
        "postgresql+psycopg://db/one",
        "redis://one/0",
    )
    monkeypatch.setenv("STANCEWIRE_DATABASE_URL", "postgresql+psycopg://db/two")
    monkeypatch.setenv("STANCEWIRE_REDIS_URL", "redis://two/0")
    assert (Settings().resolved_database_url(), Settings().resolved_redis_url()) == (
        "postgresql+psycopg://db/two",
        "redis://two/0",
    )


def test_relative_state_directory_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(state_dir=Path("here"))
    assert settings.resolved_database_url() == f"sqlite:///{tmp_path.resolve() / 'here' / 'stancewire.db'}"


def test_group_given_in_part_keeps_other_defaults() -> None:
    assert Settings(database={"pool_size": 3}).database == Database(pool_size=3)
