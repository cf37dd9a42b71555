"""ZenML stacks: where the pipelines run."""
