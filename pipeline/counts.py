"""Numbers of things, as people read them."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun, which has an s where it is not one.

    Args:
        plural: of a noun that is not made so.

    Example:
        >>> counted(1, "row"), counted(1234, "row"), counted(2, "entity", "entities")
        ('1 row', '1,234 rows', '2 entities')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
