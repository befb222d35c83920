"""Which change of its show an episode's last one was."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0002"
down_revision = "catalog_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; what is there counts as changed before everything to come."""
    op.add_column("episodes", sa.Column("touched", sa.Integer, nullable=False, server_default="0"))
    op.create_index("ix_episodes_show_id_touched", "episodes", ["show_id", "touched"])


def downgrade() -> None:
    """Takes it away."""
    op.drop_index("ix_episodes_show_id_touched", "episodes")
    op.drop_column("episodes", "touched")
