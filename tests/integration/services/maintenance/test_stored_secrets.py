from __future__ import annotations

import json

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from services.caller import local
from services.cli import main
from services.database import sealing
from services.database.engine import Database
from services.database.sealing import SecretUnreadable
from services.database.tables import sources, webhooks
from services.maintenance import stored_secrets
from services.maintenance.diagnostics.findings import Level
from services.maintenance.diagnostics.secrets import check_secrets
from services.maintenance.stored_secrets import StoredSecrets
from services.settings import Settings
from services.sources import store
from services.sources.records import SourceKind
from services.webhooks import queue
from services.webhooks import store as webhook_store
from services.webhooks.distribution import distribute
from tests.support.api import complete_job, url_of
from tests.support.sources import add_source
from tests.support.webhooks import add_webhook, push_job, webhook_settings

OLD, NEW = sealing.new_key(), sealing.new_key()
HOOK = "https://receiver.example/hook"


def with_keys(database: Database, *keys: str) -> Database:
    """Return the same database for a process that has these keys."""
    return Database.of(settings_of(database, *keys), pooled=False)


def settings_of(database: Database, *keys: str) -> Settings:
    return Settings(database_url=url_of(database), secrets={"keys": ",".join(keys)})


def stored_values(database: Database) -> list[str]:
    query = select(webhooks.c.secret, webhooks.c.previous_secret)
    with database.read() as connection:
        values = [value for row in connection.execute(query) for value in row]
        values += connection.execute(select(sources.c.secret)).scalars()
    return [value for value in values if value is not None]


def test_secrets_are_encrypted_in_the_database_and_served_to_those_who_have_the_key(database: Database) -> None:
    ours = with_keys(database, OLD)
    webhook, first = add_webhook(ours, HOOK)
    _, second = webhook_store.rotate(ours, webhook.id, 60, local())
    add_source(ours, SourceKind.SIGNED)
    [(_, of_source)] = store.with_secrets(ours, "wire", SourceKind.SIGNED)
    assert len(stored_values(database)) == 3
    for value in stored_values(database):
        assert value.startswith("sealed:")
        assert not any(secret in value for secret in (first, second, of_source))
    complete_job(ours, push_job(ours))
    distribute(ours, webhook_settings())
    [claimed] = queue.claim(ours, {}, 10, webhook_settings().webhooks)
    assert claimed.secrets == (second, first)


def test_former_secrets_are_read_and_encrypted_by_the_command(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_source(database, SourceKind.SUPERDESK)
    [(_, plain)] = store.with_secrets(database, "wire", SourceKind.SUPERDESK)
    assert stored_values(database) == [plain]
    add_webhook(with_keys(database, OLD), HOOK)
    monkeypatch.setenv("STANCEWIRE_DATABASE_URL", url_of(database))
    run, app = CliRunner().invoke, main.build()
    refused = run(app, ["secrets", "encrypt"])
    assert (refused.exit_code, "there is no key" in refused.output) == (1, True)
    monkeypatch.setenv("STANCEWIRE_SECRETS__KEYS", f"{NEW},{OLD}")
    done = run(app, ["secrets", "encrypt"])
    assert (done.exit_code, done.stdout) == (0, "2 secrets encrypted, 0 were encrypted with this key already\n")
    ours = with_keys(database, NEW)
    assert stored_secrets.count(ours) == StoredSecrets(current=2)
    assert store.with_secrets(ours, "wire", SourceKind.SUPERDESK)[0][1] == plain
    assert run(app, ["secrets", "encrypt"]).stdout.startswith("0 secrets encrypted, 2 were")


def test_secrets_of_a_lost_key_sign_nothing_and_hold_up_no_other_webhook(sqlite_database: Database) -> None:
    add_webhook(with_keys(sqlite_database, OLD), HOOK)
    ours = with_keys(sqlite_database, NEW)
    other, secret = add_webhook(ours, HOOK)
    complete_job(ours, push_job(ours))
    distribute(ours, webhook_settings())
    [claimed] = queue.claim(ours, {}, 10, webhook_settings().webhooks)
    assert (claimed.webhook_id, claimed.secrets) == (other.id, (secret,))
    add_source(with_keys(sqlite_database, OLD), SourceKind.SIGNED)
    with pytest.raises(SecretUnreadable):
        store.with_secrets(ours, "wire", SourceKind.SIGNED)
    counts = stored_secrets.encrypt(ours)
    assert (counts.current, counts.unreadable) == (1, 2)


def test_webhook_with_an_unreadable_secret_works_again_with_a_new_one(sqlite_database: Database) -> None:
    webhook, _ = add_webhook(with_keys(sqlite_database, OLD), HOOK)
    ours = with_keys(sqlite_database, NEW)
    _, secret = webhook_store.rotate(ours, webhook.id, 60, local())
    complete_job(ours, push_job(ours))
    distribute(ours, webhook_settings())
    [claimed] = queue.claim(ours, {}, 10, webhook_settings().webhooks)
    assert claimed.secrets == (secret,)


def test_doctor_names_what_is_missing(sqlite_database: Database) -> None:
    def finding(*keys: str) -> tuple[Level, str]:
        result = check_secrets(with_keys(sqlite_database, *keys), settings_of(sqlite_database, *keys))
        assert bool(result.fix) == (result.level is not Level.OK)
        return result.level, result.said

    add_webhook(sqlite_database, HOOK)
    assert finding() == (Level.WARN, "no key: the secrets of sources and webhooks (1) are stored as they are")
    assert finding(OLD) == (Level.WARN, "1 of 1 secrets are not encrypted with the first key")
    stored_secrets.encrypt(with_keys(sqlite_database, OLD))
    assert finding(OLD) == (Level.OK, "1 of sources and webhooks, all encrypted with the first key")
    assert finding(NEW, OLD)[0] is Level.WARN
    assert finding(NEW) == (Level.FAIL, "1 of 1 secrets of sources and webhooks cannot be decrypted")
    assert finding("change-me")[0] is Level.FAIL
    assert json.dumps(finding("change-me")).count("change-me") == 0
