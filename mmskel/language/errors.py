"""Errors about words."""
from mmskel.files.errors import UserError


class LanguageError(UserError):
    """Class names, texts or a text encoder that cannot be used; the message says which and what to do."""
