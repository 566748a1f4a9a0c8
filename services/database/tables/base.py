"""The metadata that all tables share.

Times are integers: milliseconds since 1970, UTC, by the database's clock (decision 3).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import MetaData, text

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

IN_STORY: Final = text("story_id IS NOT NULL")  # the condition of the indexes of stories
