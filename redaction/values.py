"""The base class of immutable values."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value: immutable, and an unknown key in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
