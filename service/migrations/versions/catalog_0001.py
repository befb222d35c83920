"""Shows, episodes, media, idempotency keys, uploads, notices, subscribers and imports."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0001"
down_revision = None
branch_labels = ("catalog",)
depends_on = "accounts_0001"


def upgrade() -> None:
    """Makes the eight tables."""
    _make_catalogue()
    _make_uploads()
    _make_feeds()


def _make_catalogue() -> None:
    op.create_table(
        "shows",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("guid", sa.String(36), nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("private", sa.Boolean, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("cover", sa.String(255)),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("feed_wanted", sa.Integer, nullable=False),
        sa.Column("feed_done", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shows"),
        sa.UniqueConstraint("slug", name="uq_shows_slug"),
        _owned_by_account("shows"),
    )
    op.create_index("ix_shows_account_id", "shows", ["account_id"])
    op.create_table(
        "episodes",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("show_id", sa.String(32), nullable=False),
        sa.Column("guid", sa.String(512), nullable=False),
        sa.Column("guid_is_link", sa.Boolean, nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("media_id", sa.String(32)),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("publish_at_ms", sa.BigInteger),
        sa.Column("published_ms", sa.BigInteger),
        sa.Column("withdrawn_ms", sa.BigInteger),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("fragment", sa.LargeBinary),
        sa.Column("fragment_version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_episodes"),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name="fk_episodes_show_id_shows", ondelete="CASCADE"),
        sa.CheckConstraint("status in ('draft', 'scheduled', 'published', 'withdrawn')", name="status"),
    )
    op.create_index("ix_episodes_show_id_published_ms", "episodes", ["show_id", "published_ms"])
    op.create_index("uq_episodes_show_id_guid", "episodes", ["show_id", "guid"], unique=True)
    op.create_index("ix_episodes_status", "episodes", ["status"])
    op.create_index("ix_episodes_publish_at_ms", "episodes", ["publish_at_ms"])
    op.create_table(
        "media",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("episode_id", sa.String(32), nullable=False),
        sa.Column("path", sa.String(255), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("header_bytes", sa.BigInteger, nullable=False),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("from_ms", sa.BigInteger),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
        sa.UniqueConstraint("path", name="uq_media_path"),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["episodes.id"], name="fk_media_episode_id_episodes", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_media_episode_id", "media", ["episode_id"])


def _make_uploads() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name="pk_idempotency_keys"),
        _owned_by_account("idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_ms", "idempotency_keys", ["created_ms"])
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.String(32)),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        _owned_by_account("uploads"),
        sa.CheckConstraint("state in ('receiving', 'checking', 'accepted', 'refused')", name="state"),
        sa.CheckConstraint("kind in ('audio', 'cover', 'transcript')", name="kind"),
    )
    for column in ("account_id", "state", "sha256", "expires_ms"):
        op.create_index(f"ix_uploads_{column}", "uploads", [column])


def _make_feeds() -> None:
    op.create_table(
        "feed_notices",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("show_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.String(512), nullable=False),
        sa.Column("feed_url", sa.String(512), nullable=False),
        sa.Column("due_ms", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(255)),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed_notices"),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name="fk_feed_notices_show_id_shows", ondelete="CASCADE"),
    )
    op.create_index("ix_feed_notices_show_id", "feed_notices", ["show_id"])
    op.create_index("ix_feed_notices_due_ms", "feed_notices", ["due_ms"])
    op.create_table(
        "subscribers",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("show_id", sa.String(32), nullable=False),
        sa.Column("label", sa.String(128), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("revoked_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
        sa.UniqueConstraint("digest", name="uq_subscribers_digest"),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name="fk_subscribers_show_id_shows", ondelete="CASCADE"),
    )
    op.create_index("ix_subscribers_show_id", "subscribers", ["show_id"])
    op.create_table(
        "imports",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("show_id", sa.String(32)),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("brought", sa.Integer, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
        _owned_by_account("imports"),
    )
    op.create_index("ix_imports_account_id", "imports", ["account_id"])
    op.create_index("ix_imports_state", "imports", ["state"])


def _owned_by_account(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_account_id_accounts"
    return sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    """Takes them away."""
    tables = ("imports", "subscribers", "feed_notices", "uploads", "idempotency_keys", "media", "episodes", "shows")
    for table in tables:
        op.drop_table(table)
