"""The environment variables of settings, and the check that refuses misspelt ones."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

PREFIX: Final = "STANCEWIRE_"
DELIMITER: Final = "__"
# Variables with the prefix that are not settings: STANCEWIRE_URL is an option of the commands that call the API.
_OTHER_VARIABLES: Final = frozenset({"STANCEWIRE_URL"})
# Kubernetes, and Docker's legacy links, set variables like STANCEWIRE_API_SERVICE_HOST for a service of that name.
_SERVICE_LINK: Final = re.compile(r"_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|NAME)")
_LINK_ADDRESS: Final = re.compile(r"(tcp|udp|sctp)://")


def variables(settings: type[BaseModel]) -> Iterator[tuple[str, str, FieldInfo]]:
    """Yield the environment variable, the name of the group ("" without one) and the field of each setting."""
    for name, field in settings.model_fields.items():
        group = group_of(field)
        if group is None:
            yield f"{PREFIX}{name}".upper(), "", field
        else:
            for inner_name, inner in group.model_fields.items():
                yield f"{PREFIX}{name}{DELIMITER}{inner_name}".upper(), name, inner


def group_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a group of settings, or None for a single setting."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def misspelt(settings: type[BaseModel], environment: Mapping[str, str]) -> list[str]:
    """Return a message for each variable with the prefix that is neither a setting nor known to be something else.

    Case does not matter, as for the settings themselves. A whole group may be given as JSON (``STANCEWIRE_LIMITS``).
    """
    known = {variable for variable, _, _ in variables(settings)}
    groups = {f"{PREFIX}{name}".upper() for name, field in settings.model_fields.items() if group_of(field)}
    accepted = known | groups | _OTHER_VARIABLES
    unknown = sorted(
        name
        for name, value in environment.items()
        if name.upper().startswith(PREFIX) and name.upper() not in accepted and not _is_service_link(name, value)
    )
    return [_message(name, known | groups) for name in unknown]


def _is_service_link(name: str, value: str) -> bool:
    if name.endswith("_PORT") and _LINK_ADDRESS.match(value):
        return True
    return DELIMITER not in name and any(match.end() == len(name) for match in _SERVICE_LINK.finditer(name))


def _message(name: str, known: set[str]) -> str:
    nearest = difflib.get_close_matches(name.upper(), sorted(known), n=1, cutoff=0.0)
    return f"{name} is not a setting; the nearest one is {nearest[0]}"
