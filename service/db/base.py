"""What all models share."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

# Constraints have names that follow from what they are, so that migrations can name them on every database.
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The parent of all models. Times are integers, Unix ms, in columns that end in ``_ms``."""

    metadata = MetaData(naming_convention=NAMING)
