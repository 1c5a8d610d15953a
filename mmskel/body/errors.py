"""What can be wrong with a body: its file, its parameters, what it is fitted to."""
from __future__ import annotations

from mmskel.files.errors import UserError


class BodyError(UserError):
    """A body model, a sequence of body parameters or a target that cannot be used; says what was found and expected."""
