"""The pages of the documentation as data: fenced blocks, prose, tables."""
from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = {page.relative_to(ROOT).as_posix(): page for page in (ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md')))}
_SKIP = re.compile(r' *<!-- skip( \d+(?:, \d+)*)?: (.+) -->')


class Block(NamedTuple):
    """A fenced block.

    Attributes:
        language: Language after the fence.
        text: Text without the indentation of the fence.
        line: Number of its first line.
        skipped: Lines that are not run -> reason, by the comments ``<!-- skip: reason -->`` before the fence, or
            ``<!-- skip 2, 3: reason -->`` for the second and third line of the block.
    """
    language: str
    text: str
    line: int
    skipped: dict[str, str]

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.text.splitlines() if line.strip()]


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = PAGES[page].read_text()
    found = []
    for match in re.finditer(r'^( *)```(\w*)\n(.*?)^\1```$', text, re.M | re.S):
        line = text[:match.start(3)].count('\n') + 1
        block = Block(match[2], textwrap.dedent(match[3]), line, {})
        for comment in reversed(text[:match.start()].splitlines()):
            if not (said := _SKIP.fullmatch(comment)):
                break
            numbers = [int(number) for number in said[1].split(',')] if said[1] else range(1, len(block.lines) + 1)
            assert max(numbers) <= len(block.lines), f'{page}, line {line}: there is no line {max(numbers)} to skip'
            block.skipped.update({block.lines[number - 1]: said[2] for number in numbers})
        found.append(block)
    assert len(found) == text.count('```') / 2, f'{page}: a fence is open'
    return found


def prose(page: str) -> str:
    """The text of a page without its fenced blocks."""
    return re.sub(r'^( *)```.*?^\1```$', '', PAGES[page].read_text(), flags=re.M | re.S)


def shell_lines(page: str) -> list[str]:
    """The lines of all bash blocks of a page."""
    return [line for block in blocks(page) if block.language == 'bash' for line in block.lines]


def words_of(line: str) -> list[str]:
    """The arguments of a line that calls mmskel; [] of any other."""
    words = shlex.split(line, comments=True)
    for beginning in (['mmskel'], ['python', '-m', 'mmskel']):
        if words[:len(beginning)] == beginning:
            return words[len(beginning):]
    return []


def rows(page: str, head: str) -> list[list[str]]:
    """The cells of a table, by the beginning of its head; code marks are taken off."""
    text = PAGES[page].read_text()
    lines = text[text.index(f'| {head}'):].splitlines()
    body = [line for line in lines[2:next((i for i, line in enumerate(lines) if not line.startswith('|')), None)]]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in body]


def names(text: str) -> list[str]:
    """What stands in code marks."""
    return re.findall(r'`([^`]+)`', text)
