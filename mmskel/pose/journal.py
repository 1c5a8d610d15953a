"""A journal of finished videos: one small file each, whole or absent, so that a killed run loses nothing."""
from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmskel.files.atomic import atomic_path
from mmskel.files.restricted_pickle import load_pickle
from mmskel.skeleton import Clip
from mmskel.video.sources import VideoError


class Journal:
    """The journal, a folder beside the output file.

    Args:
        out: File that the run will write; the journal is ``<out>.journal``.
        settings: Settings the clips depend on; a journal with other settings is refused.

    Raises:
        VideoError: If there is a journal with other settings.
    """

    def __init__(self, out: str | Path, settings: Mapping[str, Any]):
        self.folder = Path(f'{out}.journal')
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dict(settings), indent=1, sort_keys=True, default=str)
        written = self.folder / 'settings.json'
        if not written.is_file() or not any(self.folder.glob('*.pkl')):
            with atomic_path(written) as temporary:
                temporary.write_text(text)
        elif written.read_text() != text:
            before, now = json.loads(written.read_text()), json.loads(text)
            differ = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
            raise VideoError(f"'{self.folder}' was started with other settings ({', '.join(differ)}); give the same "
                             "ones "
                             'to continue, or remove the folder to start again')

    def _path(self, name: str, suffix: str) -> Path:
        return self.folder / f'{hashlib.sha1(name.encode()).hexdigest()}{suffix}'

    def is_done(self, name: str) -> bool:
        """Whether a video was extracted, or was found to be bad."""
        return self._path(name, '.pkl').is_file() or self._path(name, '.json').is_file()

    def keep(self, name: str, clip: Clip) -> None:
        """Keeps a clip."""
        with atomic_path(self._path(name, '.pkl')) as temporary:
            temporary.write_bytes(pickle.dumps(clip.to_annotation(), protocol=4))

    def keep_failure(self, name: str, why: str) -> None:
        """Keeps the reason why a video gave no clip."""
        with atomic_path(self._path(name, '.json')) as temporary:
            temporary.write_text(json.dumps(dict(id=name, why=why)))

    def clip(self, name: str) -> Clip | None:
        """A kept clip; None if there is none."""
        path = self._path(name, '.pkl')
        return Clip.from_annotation(load_pickle(path)) if path.is_file() else None

    def failure(self, name: str) -> str:
        """The reason why a video gave no clip; '' if it did."""
        path = self._path(name, '.json')
        return json.loads(path.read_text())['why'] if path.is_file() else ''

    def forget_failures(self) -> None:
        """Forgets bad videos, so that they are tried again."""
        for path in self.folder.glob('*.json'):
            if path.name != 'settings.json':
                path.unlink()

    def remove(self) -> None:
        """Removes the folder after the output has been written."""
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()
