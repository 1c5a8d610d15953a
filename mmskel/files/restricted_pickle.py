"""Untrusted pickles: NumPy arrays and plain containers are built here, piece by piece, and no code is run.

Python's own unpickler hands an array's state to NumPy as the file has it, and NumPy trusts it: a crafted state reads
and writes outside the array. So the opcodes are interpreted here. What a pickle calls by name is looked up in a table
of this module's own builders, which check every part; nothing of the file ever reaches ``__setstate__``.
"""
from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from mmskel.files.errors import UserError
from mmskel.files.pickled_objects import ObjectClass, PickledObject
from mmskel.files.pickled_parts import (
    BUILDERS,
    ArrayType,
    PendingArray,
    UnsafePickleError,
    array_of,
    dictionary,
    hashable,
)
from mmskel.files.pickled_size import check_nesting

_MARK = object()
_BYTE, _SHORT, _INT, _UINT, _ULONG, _DOUBLE = map(struct.Struct, ('<B', '<H', '<i', '<I', '<Q', '>d'))


class UnreadablePickleError(UserError):
    """A file that is empty, cut off, or no pickle."""


def load_pickle(path: str | Path) -> Any:
    """Loads a pickle that may hold NumPy arrays, dicts, lists, tuples, sets, numbers, strings and None.

    Raises:
        UnsafePickleError: If it asks for anything else; no code of the file is run.
        UnreadablePickleError: If the file is empty, cut off or no pickle; names the file.
        FileNotFoundError: If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file '{path}'")
    with path.open('rb') as file:
        return read_pickle(file, str(path), path.stat().st_size, "an annotation file with 'split' and 'annotations'")


def read_pickle(file: BinaryIO, name: str, size: int, expected: str,
                find: Callable[[str, str], Any] | None = None) -> Any:
    """Loads a pickle from an open file, as :func:`load_pickle` does.

    Args:
        file: Open file, positioned at its beginning.
        name, size, expected: The file's name, its size in bytes, and what should be in it; for messages.
        find: Stand-ins for further names, see :func:`~mmskel.files.pickled_objects.object_names`; default: none.

    Raises:
        UnsafePickleError, UnreadablePickleError: See :func:`load_pickle`.
    """
    try:
        data = file.read()
        value = _Interpreter(data, find).run()
        check_nesting(value, len(data))
        return value
    except UnsafePickleError as error:
        raise UnsafePickleError(f"'{name}': {error}") from None
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise UnreadablePickleError(f"'{name}' ({size} bytes) is not a readable pickle: {type(error).__name__}: "
                                    f"{error}; "
                                    f'expected {expected}') from None


def _global(run: _Interpreter, module: str, name: str) -> Any:
    if (module, name) not in BUILDERS:
        if run.find is not None and (found := run.find(module, name)) is not None:
            return found
        raise UnsafePickleError(f"the pickle asks for '{module}.{name}', which is neither a NumPy array nor a plain "
                                'container; nothing was run. Only annotation data is read here: if you trust the '
                                'file, load it yourself and save it as arrays, lists, dicts, numbers and strings')
    return BUILDERS[module, name]


class _Interpreter:
    """The opcodes of protocols 0 to 5, as Python's ``pickletools`` documents them, without classes and extensions."""

    def __init__(self, data: bytes, find: Callable[[str, str], Any] | None):
        self.data, self.at, self.find = data, 0, find
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """The value at the top of the stack when the pickle says STOP."""
        data, handlers = self.data, _HANDLERS
        while True:
            opcode = data[self.at]  # past the end: IndexError
            self.at += 1
            if opcode == 0x2e:
                value = self.stack.pop()
                if isinstance(value, (PendingArray, ArrayType, ObjectClass)) or callable(value):
                    raise UnsafePickleError('the pickle is the name of a type; nothing was run')
                return value
            handler = handlers[opcode]
            if handler is None:
                raise ValueError(f'opcode {opcode:#04x} at byte {self.at - 1} does not belong in a file of data')
            handler(self)

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        start, self.at = self.at, self.at + count
        if count < 0 or self.at > len(self.data):
            raise ValueError(f'{count} bytes should follow byte {start}, but the file ends')
        return self.data[start:self.at]

    def number(self, form: struct.Struct) -> Any:
        """The next number in a format."""
        value, = form.unpack_from(self.data, self.at)  # past the end: struct.error
        self.at += form.size
        return value

    def line(self) -> str:
        """The next text, up to the end of the line."""
        end = self.data.index(b'\n', self.at)
        start, self.at = self.at, end + 1
        return self.data[start:end].decode('latin-1')

    def marked(self) -> list[Any]:
        """The items above the last mark; they and the mark are popped off the stack."""
        stack, at = self.stack, len(self.stack) - 1
        while stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise ValueError('there is no mark')
        items = stack[at + 1:]
        del stack[at:]
        return items


def _push(read: Callable[[_Interpreter], Any]) -> Callable[[_Interpreter], None]:
    return lambda run: run.stack.append(read(run))


def _sized(form: struct.Struct, make: Callable[[bytes], Any]) -> Callable[[_Interpreter], None]:
    """A length, then that many bytes."""
    return lambda run: run.stack.append(make(run.take(run.number(form))))


def _utf8(data: bytes) -> str:
    return data.decode('utf-8', 'surrogatepass')


def _latin1(data: bytes) -> str:
    return data.decode('latin-1')


def _long(data: bytes) -> int:
    return int.from_bytes(data, 'little', signed=True)


def _quoted(run: _Interpreter) -> str:
    text = run.line()
    if len(text) < 2 or text[0] != text[-1] or text[0] not in '\'"':
        raise ValueError(f'{text!r:.40} is no quoted string')
    return text[1:-1].encode('latin-1').decode('unicode_escape')


def _integer(run: _Interpreter) -> int | bool:
    text = run.line()
    return {'00': False, '01': True}[text] if text in ('00', '01') else int(text.rstrip('L'))


def _top(run: _Interpreter, kinds: type | tuple[type, ...]) -> Any:
    if not isinstance(run.stack[-1], kinds):
        raise ValueError(f'items for a {type(run.stack[-1]).__name__}')
    return run.stack[-1]


def _append(run: _Interpreter) -> None:
    item = run.stack.pop()
    _top(run, list).append(item)


def _appends(run: _Interpreter) -> None:
    items = run.marked()
    _top(run, list).extend(items)


def _set_item(run: _Interpreter) -> None:
    value, key = run.stack.pop(), run.stack.pop()
    _top(run, dict)[hashable(key)] = value


def _pairs(items: list[Any], into: dict | None = None) -> dict:
    """Keys and values in turn, as a dictionary."""
    return dictionary({} if into is None else into, zip(items[::2], items[1::2], strict=True))


def _set_items(run: _Interpreter) -> None:
    items = run.marked()
    _pairs(items, _top(run, dict))


def _add_items(run: _Interpreter) -> None:
    items = run.marked()
    _top(run, set).update(hashable(item) for item in items)


def _tuple_of(count: int) -> Callable[[_Interpreter], None]:
    def build(run: _Interpreter) -> None:
        items = tuple(run.stack[-count:])
        if len(items) < count:
            raise ValueError('the stack is empty')
        run.stack[-count:] = [items]
    return build


def _stack_global(run: _Interpreter) -> None:
    name, module = run.stack.pop(), run.stack.pop()
    run.stack.append(_global(run, str(module), str(name)))


def _reduce(run: _Interpreter) -> None:
    arguments, builder = run.stack.pop(), run.stack.pop()
    if not callable(builder) or builder is PendingArray or not isinstance(arguments, tuple):
        raise ValueError('a call of something that cannot be called')
    run.stack.append(builder(*arguments))


def _new_object(run: _Interpreter) -> None:
    arguments, kind = run.stack.pop(), run.stack.pop()
    if not isinstance(kind, ObjectClass):
        raise UnsafePickleError(f'the pickle makes an object of {kind!r:.80}; nothing was run')
    run.stack.append(kind.make(arguments))


def _build(run: _Interpreter) -> None:
    state, target = run.stack.pop(), run.stack[-1]
    if isinstance(target, ArrayType):
        target.__setstate__(state)
    elif isinstance(target, PickledObject):
        target.build(state)
    elif isinstance(target, PendingArray) and isinstance(state, tuple) and len(state) == 5:
        run.stack[-1] = array_of(state[4], state[2], state[1], 'F' if state[3] else 'C')
        run.memo.update(dict.fromkeys(target.keys, run.stack[-1]))
    else:
        raise UnsafePickleError(f'the pickle sets the state of a {type(target).__name__}; nothing was run')


def _put(key: Callable[[_Interpreter], int]) -> Callable[[_Interpreter], None]:
    def remember(run: _Interpreter) -> None:
        where, value = key(run), run.stack[-1]
        run.memo[where] = value
        if isinstance(value, PendingArray):
            value.keys.append(where)
    return remember


def _get(key: Callable[[_Interpreter], int]) -> Callable[[_Interpreter], None]:
    return lambda run: run.stack.append(run.memo[key(run)])


_OPCODES: dict[str, Callable[[_Interpreter], None]] = {
    '\x80': lambda run: run.take(1), '\x95': lambda run: run.take(8), '(': lambda run: run.stack.append(_MARK),
    '0': lambda run: run.stack.pop(), '1': lambda run: run.marked(), '2': lambda run: run.stack.append(run.stack[-1]),
    'N': _push(lambda run: None), '\x88': _push(lambda run: True), '\x89': _push(lambda run: False),
    'I': _push(_integer), 'L': _push(_integer), 'F': _push(lambda run: float(run.line())),
    'J': _push(lambda run: run.number(_INT)), 'K': _push(lambda run: run.number(_BYTE)),
    'M': _push(lambda run: run.number(_SHORT)), 'G': _push(lambda run: run.number(_DOUBLE)),
    '\x8a': _sized(_BYTE, _long), '\x8b': _sized(_INT, _long), 'S': _push(_quoted),
    'V': _push(lambda run: run.line().encode('latin-1').decode('raw-unicode-escape')),
    'T': _sized(_INT, _latin1), 'U': _sized(_BYTE, _latin1), 'X': _sized(_UINT, _utf8), '\x8c': _sized(_BYTE, _utf8),
    '\x8d': _sized(_ULONG, _utf8), 'B': _sized(_UINT, bytes), 'C': _sized(_BYTE, bytes), '\x8e': _sized(_ULONG, bytes),
    '\x96': _sized(_ULONG, bytearray), ']': _push(lambda run: []), '}': _push(lambda run: {}),
    ')': _push(lambda run: ()), '\x8f': _push(lambda run: set()), 'l': _push(lambda run: run.marked()),
    't': _push(lambda run: tuple(run.marked())), '\x85': _tuple_of(1), '\x86': _tuple_of(2), '\x87': _tuple_of(3),
    'd': _push(lambda run: _pairs(run.marked())),
    '\x91': _push(lambda run: frozenset(hashable(item) for item in run.marked())),
    'a': _append, 'e': _appends, 's': _set_item, 'u': _set_items, '\x90': _add_items,
    'c': _push(lambda run: _global(run, run.line(), run.line())), '\x93': _stack_global, 'R': _reduce, 'b': _build,
    '\x81': _new_object,
    'p': _put(lambda run: int(run.line())), 'q': _put(lambda run: run.number(_BYTE)),
    'r': _put(lambda run: run.number(_UINT)), '\x94': _put(lambda run: len(run.memo)),
    'g': _get(lambda run: int(run.line())), 'h': _get(lambda run: run.number(_BYTE)),
    'j': _get(lambda run: run.number(_UINT)),
}
_HANDLERS = [_OPCODES.get(chr(code)) for code in range(256)]
