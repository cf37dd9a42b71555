"""The exception whose message is written for the user."""


class RedactionError(Exception):
    """An error that the user can fix. Its message is one sentence: the input, what is wrong with it, and what to do.

    The command line prints the message and exits with 1; a pipeline step fails with it. Never raised for bugs in our own code.
    """
