"""Create the table of epochs, with the first epoch of this database.

Its ID is derived from the oldest entry of the audit log, which a backup taken before this migration has as well: after
a restore of that backup the cursors of this database are still recognised. Cursors of earlier versions have no epoch
and count as cursors of the first one.
"""

from __future__ import annotations

import secrets
import time

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID_LENGTH = 12


def upgrade() -> None:
    epochs = op.create_table(
        "epochs",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_epochs")),
        sa.UniqueConstraint("id", name=op.f("uq_epochs_id")),
    )
    audit_log = sa.table("audit_log", sa.column("id", sa.Uuid()))
    oldest = op.get_bind().execute(sa.select(audit_log.c.id).order_by(audit_log.c.id).limit(1)).scalar()
    epoch = secrets.token_hex(_ID_LENGTH // 2) if oldest is None else oldest.hex[-_ID_LENGTH:]
    op.bulk_insert(epochs, [{"number": 1, "id": epoch, "sequence": 0, "began_at": int(time.time() * 1000)}])


def downgrade() -> None:
    op.drop_table("epochs")
