"""What all tables have in common: how constraints are named, and that rows go with what they belong to."""

from typing import Final

from sqlalchemy import ForeignKey, MetaData

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def of(column: str) -> ForeignKey:
    """Return the key of a row that is deleted with the one that `column` names."""
    return ForeignKey(column, ondelete="CASCADE")
