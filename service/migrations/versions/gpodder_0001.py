"""What gpodder clients share."""

import sqlalchemy as sa
from alembic import op

revision = "gpodder_0001"
down_revision = None
branch_labels = ("gpodder",)
depends_on = "accounts_0001"


def upgrade() -> None:
    """Makes the four tables."""
    op.create_table("gpodder_stamps", _owner(), sa.Column("stamp", sa.BigInteger, nullable=False), *_keys("stamps"))
    op.create_table(
        "gpodder_devices",
        _owner(),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("caption", sa.String(255), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        *_keys("devices", "device"),
    )
    op.create_table(
        "gpodder_subscriptions",
        _owner(),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("url", sa.String(1024), nullable=False),
        sa.Column("subscribed", sa.Integer, nullable=False),
        sa.Column("stamp", sa.BigInteger, nullable=False),
        *_keys("subscriptions", "device", "url"),
    )
    op.create_table(
        "gpodder_actions",
        _owner(),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("stamp", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("podcast", sa.String(1024), nullable=False),
        sa.Column("episode", sa.String(1024), nullable=False),
        sa.Column("device", sa.String(64)),
        sa.Column("action", sa.Text, nullable=False),
        *_keys("actions", "digest"),
    )
    op.create_index("ix_gpodder_actions_stamp", "gpodder_actions", ["account_id", "stamp"])


def downgrade() -> None:
    """Takes them away."""
    for table in ("actions", "subscriptions", "devices", "stamps"):
        op.drop_table(f"gpodder_{table}")


def _owner() -> sa.Column[str]:
    return sa.Column("account_id", sa.String(32), nullable=False)


def _keys(table: str, *columns: str) -> tuple[sa.Constraint, sa.Constraint]:
    name = f"gpodder_{table}"
    return (
        sa.PrimaryKeyConstraint("account_id", *columns, name=f"pk_{name}"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=f"fk_{name}_account_id_accounts", ondelete="CASCADE"
        ),
    )
