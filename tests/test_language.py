"""Plain, idiomatic English, as far as a test can tell: how parameter texts begin, words of our glossary, names of
arguments instead of command-line flags in messages of the library."""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = [path for path in sorted((ROOT / 'mmskel').rglob('*.py')) if '.mim' not in path.parts]
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]
CONFIGS = sorted((ROOT / 'configs').rglob('*.py'))
TOOLS = sorted((ROOT / 'tools').rglob('*.py'))

# a parameter's text is a noun phrase, or begins with "If" or "Whether"
NO_NOUNS = re.compile(
    r'(Of|To|That|Those|So|How|What|Where|When|Who|Whose|Which|For|As|By|In|On|From|With|At|Under|Over|After|Before|Does|'
    r'Do|Is|Are|Also|Make|Makes|Let|Keep|Use|Tell|Says|Likewise)\b')

# words that a native speaker would not use here, and what to write instead
GLOSSARY = {
    r'pictures?': 'image, frame',
    r'(web )?address(es)?': 'URL',
    r'fetch(es|ed|ing)?': 'download',
    r'strange(ly)?': 'unexpected',
    r'amiss': 'wrong',
    r'mend(s|ed|ing)?': 'fix',
    r'anew': 'again',
    r'(told|tell|tells|telling) apart': 'distinguish',
    r'eats?|eaten': 'take',
    r'behind the last': 'one past the last',
    r'if you like': 'optional',
    r'(has|have|had) no say': 'is ignored',
    r'by hand \(a backward\)|hand-?written backward': 'custom backward',
    r'lost': 'missing',
    r'(spec|data|protocol) sheets?': 'docs/published/<system>.md, as D1..Dn; a user has no sheet',
    r'there twice': 'repeated',
}
WORDS = re.compile('|'.join(rf'(?<![\w.-])({word})(?![\w-])' for word in GLOSSARY), re.IGNORECASE)

# file -> words that stay, and why
EXCEPTIONS = {
    'mmskel/data/readers/volleyball_text.py': {'lost'},  # a column of the data set's files
    'docs/mp_gcn.md': {'lost'},  # the same
    'mmskel/pose/tracking.py': {'lost'},  # a lost track is the field's term
    'mmskel/pose/candidates.py': {'lost'},
    'docs/tracking.md': {'lost'},
    'docs/pose.md': {'lost'},
    'docs/published/data.md': {'lost'},  # a sensor's tracker lost the person
    'mmskel/data/readers/msr_action3d.py': {'lost'},
    'mmskel/video/decoding.py': {'address'},  # the name of an argument, a path or a URL
}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def documented(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """Docstring and its owner, for all of a module."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text:
                yield text, node


def parameters(docstring: str) -> Iterator[tuple[str, str]]:
    """Name and text (its first line) of every parameter and attribute of a Google-style docstring."""
    within = False
    for line in docstring.splitlines():
        if re.fullmatch(r'\w[\w ]*:', line):
            within = line in ('Args:', 'Attributes:')
        elif within and (found := re.match(r'    (\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: \([^)]*\))?: (.*)', line)):
            yield found[1], found[2]


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_parameter_texts_begin_with_a_noun(path):
    wrong = [f'{name}: {text}' for docstring, _ in documented(path) for name, text in parameters(docstring)
             if NO_NOUNS.match(text)]
    assert not wrong, 'begin with a noun phrase, "If" or "Whether":\n' + '\n'.join(wrong)


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Lines of a page or, of a module, its comments, docstrings and messages."""
    lines = path.read_text().splitlines()
    if path.suffix == '.md':
        yield from enumerate(lines, 1)
        return
    for number, line in enumerate(lines, 1):
        if '#' in line:
            yield number, line[line.index('#'):]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ' ' in node.value:
            for offset, line in enumerate(node.value.splitlines()):
                yield node.lineno + offset, line


@pytest.mark.parametrize('path', [*MODULES, *PAGES, *CONFIGS, *TOOLS], ids=relative)
def test_words_of_the_glossary(path):
    allowed = EXCEPTIONS.get(relative(path), set())
    wrong = []
    for number, line in prose(path):
        for found in WORDS.finditer(line):
            if found[0].lower() not in allowed:
                instead = next(good for bad, good in GLOSSARY.items() if re.fullmatch(bad, found[0], re.IGNORECASE))
                wrong.append(f'{relative(path)}:{number}: {found[0]!r}; write: {instead}')
    assert not wrong, '\n'.join(wrong)


def test_exceptions_are_needed():
    for name, words in EXCEPTIONS.items():
        text = (ROOT / name).read_text()
        assert all(re.search(rf'\b{word}\b', text) for word in words), name


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module but its docstrings; of an f-string the constant parts."""
    docstrings = {id(node.body[0].value) for _, node in documented(path)}
    within = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.JoinedStr):
            parts = [part for part in node.values if isinstance(part, ast.Constant)]
            within |= set(map(id, parts))
            yield node.lineno, '...'.join(part.value for part in parts)
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | within:
            yield node.lineno, node.value


@pytest.mark.parametrize('path', [p for p in MODULES if 'commands' not in p.parts and p.name not in ('cli.py', 'doctor.py')],
                         ids=relative)
def test_messages_of_the_library_name_arguments_not_flags(path):
    """A whole command (``mmskel prepare ... --layout NAME``, ``pip install --no-deps``) may be named."""
    wrong = [f'{number}: {text}' for number, text in messages(path)
             if re.search(r'(?<![\w-])--[a-z]', text) and not re.search(r'\b(mmskel|pip) [a-z]+', text)]
    assert not wrong, f'{relative(path)}: name=... instead of --name; commands/flags.py translates:\n' + '\n'.join(wrong)
