"""The base class of all errors that the user's input causes."""


class UserError(ValueError):
    """A mistake in a file, an option or a value. The message says what was found, what was expected, and what to do.

    Commands print the message alone. Any other exception but ``OSError`` is a fault of the program and shows its
    traceback.
    """


class OutputError(UserError):
    """An output that cannot be written, or that would replace something else than an earlier output."""
