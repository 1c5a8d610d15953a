"""Untrusted JSON."""
from __future__ import annotations

import json
from typing import Any

from mmskel.files.errors import UserError


class JsonError(UserError):
    """Text that is not JSON, or JSON that nests too deeply or has numbers too long to be data."""


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        JsonError: Says what is wrong, without the file's name.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise JsonError('it is nested too deeply') from None
    except ValueError as error:  # not JSON, not text, or an integer of thousands of digits
        raise JsonError(str(error)[:200]) from None
