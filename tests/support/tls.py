"""The certificates that clients of tests trust, read once: each client that is made without them reads them again."""

from __future__ import annotations

import ssl
from typing import Final

TLS: Final = ssl.create_default_context()
