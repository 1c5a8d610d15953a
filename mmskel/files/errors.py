"""The base class of all errors that the user's input causes."""


class UserError(ValueError):
    """A mistake in what was given: a file, an option, a value. The message says what was found, expected, and to do.

    Commands print the message alone. Any other exception but ``OSError`` is a fault of the program and shows its
    traceback.
    """


class OutputError(UserError):
    """An output that would replace something that is not a file of results, or that cannot be written."""
