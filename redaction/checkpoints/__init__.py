"""Checkpoints: DVC + git revisions of the workspace. Create, list, verify, repair and restore them."""

from __future__ import annotations

from redaction.checkpoints.checkpointing import Checkpoint, checkpoint, list_checkpoints
from redaction.checkpoints.registry import initialize
from redaction.checkpoints.restoring import restore
from redaction.checkpoints.verifying import Verification, change_remote, repair, verify

__all__ = [
    "Checkpoint",
    "Verification",
    "change_remote",
    "checkpoint",
    "initialize",
    "list_checkpoints",
    "repair",
    "restore",
    "verify",
]
