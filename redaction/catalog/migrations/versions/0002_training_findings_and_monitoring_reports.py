"""Comparison and decision of a training run; path of a monitoring report."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("monitoring_windows", schema=None) as batch_op:
        batch_op.add_column(sa.Column("report", sa.String(), nullable=True))

    with op.batch_alter_table("training_runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("comparison", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("decision", sa.JSON(), nullable=True))
