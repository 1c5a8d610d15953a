"""Pages say what they are for, link to what exists, name commands and flags that exist, and no machine."""
from __future__ import annotations

import argparse
import ast
import re

import pytest
from pages.text import PAGES, ROOT, blocks, prose, shell_lines

from mmskel import cli


def test_every_page_says_what_it_is_for():
    for name, page in PAGES.items():
        paragraphs = [p for p in page.read_text().split('\n\n') if not p.startswith(('#', '!'))]
        assert name == 'README.md' or re.search(r'you (will|can)\b', paragraphs[0]), f'{name}: {paragraphs[0]}'


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r'[^\w\- ]', '', heading.strip().lower()).replace(' ', '-')


@pytest.mark.parametrize('page', PAGES)
def test_links_lead_somewhere(page):
    text = prose(page)
    links = re.findall(r'\]\(([^)\s]+)\)', text)
    for link in links:
        if link.startswith(('http://', 'https://')):
            continue
        place, _, anchor = link.partition('#')
        target = (PAGES[page].parent / place).resolve() if place else PAGES[page]
        assert target.exists() and ROOT in target.parents, f'{page} links to {link}'
        if anchor:
            headings = [slug(h) for h in re.findall(r'^#+ (.+)$', target.read_text(), re.M)]
            assert anchor in headings, f'{page} links to {link}; headings: {headings}'
    for image in re.findall(r'!\[[^]]*\]\(([^)]+)\)', text):
        assert (PAGES[page].parent / image).stat().st_size < 400_000, image


def flags_of(parser: argparse.ArgumentParser) -> set[str]:
    """Every flag of a parser and of its subcommands."""
    flags = {flag for action in parser._actions for flag in action.option_strings}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                flags |= flags_of(one)
    return flags


@pytest.fixture(scope='module')
def flags() -> dict[str, set[str]]:
    """Command -> its flags."""
    known = {}
    for name, command in cli.COMMANDS.items():
        parser = argparse.ArgumentParser(name)
        command.configure(parser)
        known[name] = flags_of(parser)
    return known


# flags of other programs that pages name
FOREIGN = {'--own-processes', '--no-deps', '--logdir', '--nproc_per_node'}


@pytest.mark.parametrize('page', PAGES)
def test_commands_and_flags_exist(page, flags):
    code = [*re.findall(r'`([^`\n]+)`', prose(page)), *shell_lines(page)]
    everywhere = set().union(*flags.values()) | FOREIGN
    for text in code:
        used = set(re.findall(r'(?<![\w-])--[a-z][\w-]*', text))
        assert used <= everywhere, f'{page}: {text}: no command has {used - everywhere}'
        call = re.match(r'(?:\w+=\w+ )?(?:python -m )?mmskel ([a-z]+)\b', text)
        if call:
            assert call[1] in flags, f'{page}: {text}: there is no command {call[1]}'
            assert used <= flags[call[1]], f'{page}: {text}: mmskel {call[1]} has no {used - flags[call[1]]}'


@pytest.mark.parametrize('command, page', [('train', 'docs/training.md'), ('test', 'docs/training.md'),
                                           ('check', 'docs/data.md'), ('fuse', 'docs/streams.md'),
                                           ('export', 'docs/export.md'), ('features', 'docs/predict.md')])
def test_every_flag_is_explained(command, page, flags):
    page = PAGES[page].read_text()
    missing = {flag for flag in flags[command] - {'-h', '--help', '--local_rank', '--local-rank'} if flag not in page}
    assert not missing, missing


def test_python_blocks_are_python():
    for page in PAGES:
        for block in blocks(page):
            assert block.language in ('bash', 'python', 'text'), f'{page}, line {block.line}: {block.language!r}'
            if block.language == 'python':
                ast.parse(block.text)


def test_pages_name_no_machine():
    for name, page in PAGES.items():
        found = re.findall(r'(?<![\w.:/])/(?:work|tmp|home|root|opt|usr)\b\S*|\bpypi\.\S+|download\.pytorch\S*',
                           page.read_text())
        assert not found, f'{name}: {found}'
