"""The version of the client, which is released with the service of the same version."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
