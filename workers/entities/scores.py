"""The precision of the entity rules by type, used as the ``score`` of their entities.

Measured on the training set of English Worldwide Newswire. An entity is right if its span and type are right.
"""

from __future__ import annotations

from typing import Final

from services.contracts import EntityType

PRECISION: Final[dict[EntityType, float]] = {
    EntityType.PERSON: 0.67,
    EntityType.LOCATION: 0.87,
    EntityType.ORGANIZATION: 0.46,
    EntityType.NORP: 0.87,
    EntityType.DATE: 0.9,
    EntityType.MONEY: 0.92,
    EntityType.FACILITY: 0.48,
    EntityType.MISC: 0.42,
    EntityType.PRODUCT: 0.3,
}
