"""The one exception a user is meant to read."""


class InputError(ValueError):
    """Unusable input: the message says what was found, what was expected and how to mend it (exit status 2)."""
