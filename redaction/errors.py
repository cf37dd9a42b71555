"""The one exception that people are meant to read."""


class RedactionError(Exception):
    """Something a person can put right: one sentence naming the input, what is wrong, and what to do.

    The command line prints the sentence and exits with 1; a pipeline step fails with it. Faults of our own code are never
    dressed up as this.
    """
