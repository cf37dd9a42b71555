"""Keep ZenML's notices about its own set-up out of the log of a run, so that the lines of the steps stand out.

ZenML has no setting for single lines, only a verbosity for all of them, the steps' included. ``ZENML_LOGGING_VERBOSITY=DEBUG``
shows everything.
"""

from __future__ import annotations

import logging

NOTICES = {
    "zenml.pipelines.pipeline_definition": (
        "Registered new pipeline:",
        "Using user:",
        "Using stack:",
        "  ",  # the components of the stack, one per line
        "You can visualize your pipeline runs",
    ),
    # when ZenML runs on this machine for the first time
    "zenml.config.global_config": ("Initializing the ZenML global configuration",),
    "zenml.zen_stores.base_zen_store": ("Setting the global active",),
    "zenml.zen_stores.sql_zen_store": ("Creating database tables", "Creating default"),
}
"""The hidden lines, as prefixes, by logger."""


def hide_notices() -> None:
    """Hide the `NOTICES`, and httpx's line per request, of which ingestion makes thousands; idempotent."""
    for name, prefixes in NOTICES.items():
        logger = logging.getLogger(name)
        if not any(isinstance(each, _NoticeFilter) for each in logger.filters):
            logger.addFilter(_NoticeFilter(prefixes))
    logging.getLogger("httpx").setLevel(logging.WARNING)


class _NoticeFilter(logging.Filter):
    def __init__(self, prefixes: tuple[str, ...]) -> None:
        super().__init__()
        self._prefixes = prefixes

    def filter(self, record: logging.LogRecord) -> bool:
        return logging.root.isEnabledFor(logging.DEBUG) or not record.getMessage().startswith(self._prefixes)
