"""Downloads of weights: whole or not at all, resumed after a broken connection, checked by the checksum in a name."""
from __future__ import annotations

import hashlib
import http.client
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.parse import urlparse
from urllib.request import Request, urlopen

import torch

from mmskel.files.atomic import atomic_path
from mmskel.files.torch_files import CheckpointError

_ATTEMPTS = 3
_TIMEOUT = 30.  # seconds without a byte
_BLOCK = 1 << 18
# OpenMMLab's names end with eight digits of the SHA-256, sometimes followed by the date
_HASH = re.compile(r'-([0-9a-f]{8})(?:_\d{8})?\.\w+$')


class _Broken(OSError):
    """A connection that ended before the file did."""


def is_url(source: str) -> bool:
    """Whether a checkpoint is to be downloaded."""
    return source.startswith(('http://', 'https://'))


def download_folder() -> Path:
    """The folder that downloads go to, PyTorch's and MMEngine's: ``$TORCH_HOME/hub/checkpoints``."""
    return Path(torch.hub.get_dir()) / 'checkpoints'


def download(url: str, folder: str | Path | None = None, progress: bool = True, name: str = '',
             sha256: str = '') -> Path:
    """Downloads a file once, to where MMEngine does: into PyTorch's cache, one process per machine.

    A connection that breaks is taken up again where it broke, if the server can, twice at most. The file appears when
    it is complete and, if its name ends with a checksum as OpenMMLab's do, correct.

    Args:
        url: URL, ``http://`` or ``https://``.
        folder: Folder to download to; default: PyTorch's cache.
        progress: Whether to draw a bar.
        name: Name of the file; default: that of the URL.
        sha256: Beginning of the file's SHA-256; default: the one in the URL's name, if any.

    Raises:
        OSError: It cannot be downloaded; URL and reason are named.
        CheckpointError: The file is not the one that its name promises.
    """
    path = Path(folder or download_folder()) / (name or Path(urlparse(url).path).name)
    rank = int(os.environ.get('LOCAL_RANK', 0)) if torch.distributed.is_initialized() else 0
    if rank == 0 and not path.is_file():
        try:
            with atomic_path(path) as temporary:
                _fetch(url, temporary, path.name if progress else '')
                check_sum(temporary, sha256 or promised_sum(urlparse(url).path), url)
        except (OSError, ValueError, http.client.HTTPException) as error:
            if isinstance(error, CheckpointError):
                raise
            raise OSError(f"'{url}' cannot be downloaded ({error})") from None
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
    return path


def promised_sum(name: str | Path) -> str:
    """The eight digits of a SHA-256 with which a name of OpenMMLab ends; '' for a name without."""
    found = _HASH.search(str(name))
    return found[1] if found else ''


def check_sum(file: str | Path, promised: str, source: str = '') -> None:
    """Checks a file against a checksum.

    Args:
        file: File to read.
        promised: Beginning of its SHA-256; '': nothing is checked.
        source: Origin of the file for the message; default: the file.

    Raises:
        CheckpointError: It has another checksum.
    """
    if not promised:
        return
    with open(file, 'rb') as content:
        found = _sha256(content)
    if not found.startswith(promised):
        raise CheckpointError(
            f"'{source or file}' is not the file that was published: its SHA-256 should begin with "
            f'{promised}, it is {found[:8]}. The file is damaged or was exchanged; download it again')


def _sha256(content: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := content.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _fetch(url: str, path: Path, title: str) -> None:
    """Writes the content of a URL to a path; a broken connection is tried again from where it broke."""
    from tqdm import tqdm
    tag = ''
    with path.open('wb') as file, tqdm(desc=title, unit='B', unit_scale=True, disable=None if title else True) as bar:
        for attempt in range(_ATTEMPTS):
            try:
                with urlopen(_request(url, file.tell(), tag), timeout=_TIMEOUT) as answer:
                    if answer.status != http.client.PARTIAL_CONTENT and file.tell():
                        file.seek(0)
                        file.truncate()
                        bar.reset()
                    tag = answer.headers.get('ETag', '')
                    length = answer.headers.get('Content-Length')
                    bar.total = file.tell() + int(length) if length else None
                    for block in _blocks(answer, None if length is None else int(length)):
                        file.write(block)
                        bar.update(len(block))
                return
            except HTTPError as error:
                if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or attempt == _ATTEMPTS - 1:
                    raise
                file.seek(0)
                file.truncate()
            except (_Broken, ConnectionResetError, TimeoutError, http.client.IncompleteRead):
                if attempt == _ATTEMPTS - 1:
                    raise


def _request(url: str, start: int, tag: str) -> Request:
    headers = {'User-Agent': 'mmskel'}
    if start:
        headers['Range'] = f'bytes={start}-'
        if tag and not tag.startswith('W/'):
            headers['If-Range'] = tag  # the whole file if it has changed in between
    return Request(url, headers=headers)


def _blocks(answer: http.client.HTTPResponse, length: int | None) -> Iterator[bytes]:
    """The content, block by block.

    Raises:
        _Broken: It ends before ``length`` bytes have come; ``HTTPResponse.read`` itself does not notice.
    """
    come = 0
    while block := answer.read(_BLOCK):
        come += len(block)
        yield block
    if length is not None and come < length:
        raise _Broken(f'the connection broke after {come} of {length} bytes')
