"""A journal of finished videos: one small file each, whole or absent, so that a killed run loses nothing."""
from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError
from mmskel.files.json_text import JsonError, read_json
from mmskel.files.locks import lock_file
from mmskel.files.restricted_pickle import load_pickle
from mmskel.skeleton import Clip
from mmskel.video.sources import VideoError

_WHOLE, _BLOCK = 8 * 2**20, 2**20  # bytes: files up to this size are read whole; of larger ones, three such blocks


def fingerprint(path: str | Path) -> str:
    """A short text that changes when a file, or a folder of images, is replaced by another one with the same name.

    Up to 8 MB the content counts; of larger files size, time of change, beginning, middle and end. A source that is
    neither file nor folder, such as a stream, is never the same again.
    """
    path, digest = Path(path), hashlib.sha256()
    if path.is_dir():
        for file in sorted(path.iterdir()):
            state = file.stat()
            digest.update(f'{file.name}\0{state.st_size}\0{state.st_mtime_ns}\0'.encode('utf-8', 'surrogateescape'))
    elif path.is_file():
        state = path.stat()
        digest.update(str(state.st_size).encode())
        with path.open('rb') as file:
            if state.st_size <= _WHOLE:
                digest.update(file.read())
            else:
                digest.update(str(state.st_mtime_ns).encode())
                for at in (0, (state.st_size - _BLOCK) // 2, state.st_size - _BLOCK):
                    file.seek(at)
                    digest.update(file.read(_BLOCK))
    else:
        digest.update(os.urandom(16))
    return digest.hexdigest()[:40]


class Journal:
    """A folder beside the output file, which one extraction at a time may use.

    Args:
        out: File that the run will write; the journal is ``<out>.journal``.
        settings: Settings the clips depend on; a journal with other or unknown settings is refused.

    Raises:
        VideoError: If there is a journal with other settings.
        InUseError: If another process is writing to it.
    """

    def __init__(self, out: str | Path, settings: Mapping[str, Any]):
        self.folder = Path(f'{out}.journal')
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock_file(self.folder / 'lock', f"'{out}' is being written by another extraction")
        try:
            self._check_settings(json.dumps(dict(settings), indent=1, sort_keys=True, default=str))
        except BaseException:
            self.close()
            raise

    def __getstate__(self) -> dict[str, Any]:
        """A worker process writes to the journal of the process that holds the lock."""
        return {**self.__dict__, '_lock': None}

    def _check_settings(self, text: str) -> None:
        written = self.folder / 'settings.json'
        if not any(self.folder.glob('*.pkl')):
            with atomic_path(written) as temporary:
                temporary.write_text(text)
            return
        instead = 'give the same ones to continue, or remove the folder to start again'
        try:
            before = read_json(written.read_bytes()) if written.is_file() else None
        except JsonError:
            before = None
        if not isinstance(before, dict):
            raise VideoError(f"'{self.folder}' does not say with which settings it was started; remove the folder to "
                             'start again')
        now = json.loads(text)
        differ = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
        if differ:
            raise VideoError(f"'{self.folder}' was started with other settings ({', '.join(differ)}); {instead}")

    def key(self, name: str, video: str | Path) -> str:
        """The name of a video's record: from its id and content, so that another film is not mistaken for it."""
        return hashlib.sha256(f'{name}\0{fingerprint(video)}'.encode('utf-8', 'surrogateescape')).hexdigest()[:40]

    def is_done(self, key: str) -> bool:
        """Whether a video was extracted, or was found to be bad; a damaged record is forgotten."""
        if (self.folder / f'{key}.json').is_file():
            return True
        try:
            return self.clip(key) is not None
        except UserError:
            (self.folder / f'{key}.pkl').unlink()
            return False

    def keep(self, key: str, clip: Clip) -> None:
        """Keeps a clip."""
        with atomic_path(self.folder / f'{key}.pkl') as temporary:
            temporary.write_bytes(pickle.dumps(clip.to_annotation(), protocol=4))

    def keep_failure(self, key: str, why: str) -> None:
        """Keeps the reason why a video gave no clip."""
        with atomic_path(self.folder / f'{key}.json') as temporary:
            temporary.write_text(json.dumps(dict(why=why)))

    def clip(self, key: str) -> Clip | None:
        """A kept clip; None if there is none.

        Raises:
            UserError: A damaged record.
        """
        path = self.folder / f'{key}.pkl'
        if not path.is_file():
            return None
        item = load_pickle(path)
        if not isinstance(item, dict):
            raise VideoError(f"'{path}' holds no clip; remove it")
        return Clip.from_annotation(item).check()

    def failure(self, key: str) -> str:
        """The reason why a video gave no clip; '' if it did."""
        path = self.folder / f'{key}.json'
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
        self.close()

    def close(self) -> None:
        """Lets other processes use the journal."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
