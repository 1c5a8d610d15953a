"""What docstrings, comments and pages say of ``docs/published`` is there: file and number."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'docs' / 'published'
PAGES = {page.stem: page for page in sorted(FOLDER.glob('*.md'))}
TEXTS = [path for folder in ('mmskel', 'configs', 'tools', 'tests', 'docs') for path in sorted((ROOT / folder).rglob('*'))
         if path.suffix in ('.py', '.md', '.yml', '.html') and '.mim' not in path.parts and path != Path(__file__)] + [ROOT / 'README.md']
# docs/published/x.md, D1, D2 and D3; in a page of docs also published/x.md or, beside it, (x.md), D1
NAMED = re.compile(r'published/(\w+)\.md[`)]*((?:(?:, | and | to |,\s+#?\s*| of )*D\d+)*)')


def points(page):
    return [int(number) for number in re.findall(r'^(?:#+ |\| |- \*\*)?D(\d+)(?:[.,:]| \|)\s*\S', PAGES[page].read_text(), re.M)]


def links():
    for path in TEXTS:
        text = re.sub(r'\s+#?\s*', ' ', path.read_text())
        for match in NAMED.finditer(text):
            yield path.relative_to(ROOT).as_posix(), match[1], [int(n) for n in re.findall(r'D(\d+)', match[2])]


def test_every_link_leads_somewhere():
    found, wrong = list(links()), []
    for path, page, numbers in found:
        missing = [] if page in PAGES else [page]
        missing += [f'D{number} of {page}' for number in numbers if page in PAGES and number not in points(page)]
        wrong += [f'{path}: {one}' for one in missing]
    assert not wrong, '\n'.join(wrong)
    assert len(found) > 40 and sum(map(len, (numbers for *_, numbers in found))) > 30


@pytest.mark.parametrize('page', [page for page in PAGES if page != 'README'])
def test_points_are_counted_and_the_page_is_listed(page):
    found = points(page)
    assert found == list(range(1, len(found) + 1)) and found
    assert f'({page}.md)' in PAGES['README'].read_text()


def test_no_text_names_a_sheet_that_users_do_not_have():
    wrong = [path.relative_to(ROOT).as_posix() for path in TEXTS if re.search(r'\b(spec|data|protocol) sheet', path.read_text(), re.I)]
    assert not wrong


@pytest.mark.parametrize('page', PAGES)
def test_links_of_the_pages_lead_somewhere(page):
    for target in re.findall(r'\]\(([^)\s]+)\)', PAGES[page].read_text()):
        path, _, heading = target.partition('#')
        if not path.startswith('http'):
            found = (FOLDER / path).resolve()
            assert found.is_file(), f'{page}: {target}'
            headings = [re.sub(r'[^\w -]', '', line.lstrip('# ')).strip().lower().replace(' ', '-')
                        for line in found.read_text().splitlines() if line.startswith('#')]
            assert not heading or heading in headings, f'{page}: {target}'
