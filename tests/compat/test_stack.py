"""The whole stack in one process: imports, training, resume, test, detection, pose, drawing."""
import os
from pathlib import Path

import pytest

STEPS = ('repairs', 'imports', 'train', 'resume', 'test', 'detect', 'pose', 'draw')


@pytest.fixture(scope='module')
def proof(run_python):
    script = Path(__file__).resolve().parents[2] / 'tools' / 'dev' / 'stack_proof.py'
    shared = os.environ.get('MMSKEL_SHARED', script.parents[3] / 'shared')
    return run_python(script, '--shared', shared, timeout=300)


@pytest.mark.parametrize('step', STEPS)
def test_step(proof, step):
    lines = [line for line in proof.stdout.splitlines() if line.startswith(f'{step} ')]
    assert lines and 'FAILED' not in lines[0], proof.stdout + proof.stderr


def test_exit_status(proof):
    assert proof.returncode == 0, proof.stdout + proof.stderr
