"""A training's work dir: whether it is used, how it is cleared, and where a training resumes."""
from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmskel.checkpoints import CheckpointError, read_data
from mmskel.configuration import ConfigError
from mmskel.files.atomic import atomic_path
from mmskel.files.text import printable

_STEP = re.compile(r'(epoch|iter)_(\d+)\.pth')
_MARKER = 'last_checkpoint'
_REPORT = ('report.html', 'confusion_matrix.png', 'per_class.csv', 'clips.gif')


def traces(folder: str | Path) -> list[Path]:
    """The traces of an earlier training or test in a work dir: checkpoints, results and reports."""
    folder = Path(folder)
    found = [path for path in sorted(folder.glob('*.pth'))
             if _STEP.fullmatch(path.name) or path.name.startswith('best_')]
    return found + [path for path in (folder / _MARKER, *sorted(folder.glob('results*.json'))) if path.is_file()]


def check_unused(folder: str | Path) -> None:
    """Raises ConfigError if a training would be mixed with an earlier one."""
    if found := traces(folder):
        raise ConfigError(f"'{folder}' already holds a training or test ({found[0].name}); continue it (resume), "
                          'replace it (overwrite), or give another work dir')


def clear(folder: str | Path, keep: str | Path | None = None) -> None:
    """Removes an earlier training: checkpoints, results, report and logs; nothing else in it.

    Args:
        folder: Work dir to clear.
        keep: Log folder of the training that replaces it.
    """
    folder = Path(folder)
    logs = [path for path in folder.glob('*_*') if re.fullmatch(r'\d{8}_\d{6}', path.name) and path.is_dir()]
    for path in traces(folder) + [folder / name for name in _REPORT]:
        path.unlink(missing_ok=True)
    for path in logs:
        if keep is None or path.resolve() != Path(keep).resolve():
            shutil.rmtree(path)


def last_checkpoint(folder: str | Path) -> Path | None:
    """The checkpoint that a work dir says is its last one; None if it names none. The work dir may have been moved."""
    marker = Path(folder) / _MARKER
    if not marker.is_file():
        return None
    name = re.split(r'[/\\]', marker.read_text(errors='replace').strip())[-1]
    return Path(folder) / name if name and '\0' not in name else None


def can_resume(folder: str | Path) -> bool:
    """Whether a work dir holds a checkpoint that a training may resume from."""
    return last_checkpoint(folder) is not None or any(_STEP.fullmatch(path.name) for path in Path(folder).glob('*.pth'))


def resume_point(folder: str | Path) -> tuple[Path, Mapping[str, Any]]:
    """The last whole checkpoint of a work dir, and its ``meta``. A damaged one is skipped, with a message.

    Raises:
        ConfigError: If there is none.
    """
    folder = Path(folder)
    marked = last_checkpoint(folder)
    found = {path: int(_STEP.fullmatch(path.name)[2]) for path in folder.glob('*.pth') if _STEP.fullmatch(path.name)}
    known = found.get(marked, max(found.values(), default=0))
    before = sorted((path for path, step in found.items() if path != marked and step <= known), key=found.get)
    damaged = []
    for path in [marked] * (marked is not None) + before[::-1]:
        try:
            data = read_data(path)
            if not isinstance(data, Mapping) or not {'state_dict', 'optimizer', 'meta', 'message_hub'} <= set(data):
                raise CheckpointError(f"'{path}' does not hold the state of a training")
        except CheckpointError as error:
            damaged.append(str(error))
            continue
        if damaged:
            print(printable(f'resume: {damaged[0]}. Resuming from the last whole checkpoint, {path.name}'), flush=True)
        return path, data['meta']
    raise ConfigError(f"resume: '{folder}' holds no checkpoint to resume from" + (f' ({damaged[0]})' if damaged else '')
                      + '; start without resume, or name a checkpoint')


def mark(folder: str | Path, checkpoint: Path) -> None:
    """Records in a work dir that one of its checkpoints is the last one."""
    if last_checkpoint(folder) != checkpoint:
        with atomic_path(Path(folder) / _MARKER) as temporary:
            temporary.write_text(checkpoint.name)
