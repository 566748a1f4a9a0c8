"""Where the service is, and the headers of every request."""

from __future__ import annotations

import os
from typing import Any, Final

from .version import VERSION

URL_VARIABLE: Final = "STANCEWIRE_URL"
KEY_VARIABLE: Final = "STANCEWIRE_KEY"
DEFAULT_URL: Final = "http://127.0.0.1:8400"


def http_arguments(url: str | None, key: str | None) -> dict[str, Any]:
    """Return the arguments of ``httpx.Client``. The environment gives the address and the key that are None."""
    key = os.environ.get(KEY_VARIABLE) if key is None else key
    headers = {"User-Agent": f"stancewire-client/{VERSION}"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return {"base_url": url or os.environ.get(URL_VARIABLE) or DEFAULT_URL, "headers": headers}
