"""The version of this installation."""

from importlib.metadata import version
from typing import Final

VERSION: Final = version("stancewire")
