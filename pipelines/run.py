"""``python -m pipelines.run SOURCE -c FILE``: ``zenml pipeline run`` without the notice that asks for ``zenml init``.

The scheduler and the demo start runs this way, because that notice comes from ZenML's command itself, before it imports the
pipeline, and no setting hides it. ``zenml init`` would give the clone an active stack of its own.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zenml.client import Client
from zenml.pipelines.pipeline_definition import Pipeline
from zenml.utils import source_utils

from redaction.errors import RedactionError


def run(source: str, configuration: Path) -> None:
    """Run a pipeline on the active stack, or store it if the configuration has a schedule.

    Args:
        source: the pipeline's dotted name, relative to the ZenML repository, else to the current folder.
        configuration: the run configuration.

    Raises:
        RedactionError: `source` names no pipeline.
    """
    if not Client.find_repository():
        source_utils.set_custom_source_root(str(Path.cwd()))
    pipeline = source_utils.load(source)
    if not isinstance(pipeline, Pipeline):
        raise RedactionError(f"{source} is not a pipeline: give a name such as pipelines.ct_cd.ct_cd.")
    pipeline.with_options(config_path=str(configuration))()


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.run", description=__doc__)
    parser.add_argument("source", help="the pipeline, such as pipelines.ct_cd.ct_cd")
    parser.add_argument("-c", "--config", type=Path, required=True, help="the run configuration")
    options = parser.parse_args()
    run(options.source, options.config)


if __name__ == "__main__":
    main()
