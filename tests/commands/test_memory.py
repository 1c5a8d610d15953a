"""A command's process keeps what it frees, unless the user has tuned malloc."""
import os
import platform
import subprocess
import sys

import pytest

from mmskel import cli

# twice the same block of 256 MiB, every page of it written; printed: pages that the kernel made for the second, which
# are 128 where it makes huge ones
CODE = """
import resource
from mmskel.commands.memory import keep_freed_memory
kept = keep_freed_memory() if {asked} else None
def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b'x' * 2**28
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
pages()
print(kept, pages())
"""
TUNING = ('MALLOC_', 'GLIBC_TUNABLES')


def run(asked, **environment):
    untuned = {key: value for key, value in os.environ.items() if not key.startswith(TUNING)}
    done = subprocess.run([sys.executable, '-c', CODE.format(asked=asked)], capture_output=True, text=True, check=True,
                          env={**untuned, **environment})
    kept, pages = done.stdout.split()
    return kept, int(pages)


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='malloc of other C libraries is left as it is')
def test_freed_memory_is_used_again():
    assert run(False)[1] > 100
    kept, pages = run(True)
    assert kept == 'True' and pages < 20


@pytest.mark.parametrize('tuned', [dict(MALLOC_ARENA_MAX='2'), dict(GLIBC_TUNABLES='glibc.malloc.tcache_count=1')])
def test_what_the_user_has_tuned_stays(tuned):
    kept, pages = run(True, **tuned)
    assert kept == 'False' and (pages > 100 or platform.libc_ver()[0] != 'glibc')


def test_the_program_does_so_before_anything_else(monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(cli, 'keep_freed_memory', lambda: seen.append(capsys.readouterr().out))
    with pytest.raises(SystemExit):
        cli.program(['--version'])
    assert seen == [''] and capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(['--version'])
    assert len(seen) == 1
