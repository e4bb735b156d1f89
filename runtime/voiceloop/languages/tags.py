"""Language tags, apart from what is known of any language."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["AUTO", "primary_subtag"]

AUTO: Final = "auto"
_TAG: Final = re.compile(r"([a-z]{2,3})(?:-[a-z0-9]{1,8})*", re.IGNORECASE)


def primary_subtag(tag: str) -> str:
    """Return "de" for "de-AT" and "DE_at"; empty for what is no BCP 47 tag."""
    found = _TAG.fullmatch(tag.strip().replace("_", "-"))
    return found[1].lower() if found else ""
