"""``python -m redaction.cli`` is the ``redaction`` command of this Python environment, whatever is on the PATH."""

from redaction.cli import main

if __name__ == "__main__":
    main()
