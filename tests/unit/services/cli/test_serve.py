"""How the API's server is configured."""

from __future__ import annotations

import subprocess
import sys

from fastapi import FastAPI

from services.cli.commands.serve import server_config
from services.settings import Settings


def test_idle_connections_stay_open_for_longer_than_senders_and_proxies_keep_them() -> None:
    config = server_config(FastAPI(), Settings())
    assert config.timeout_keep_alive > 60, "nginx and most clients close theirs after a minute or sooner"


def test_commands_import_no_server_before_one_runs() -> None:
    code = "import sys, services.cli.commands.serve; print('uvicorn' in sys.modules)"
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert completed.stdout == "False\n"
