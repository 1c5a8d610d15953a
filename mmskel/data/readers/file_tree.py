"""A folder or a zip archive as a list of files, whatever lies nested in what."""
from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib
from pathlib import Path

from mmskel.data.readers.reader import ReadError

_BOMB = 256 * 2**20, 200  # bytes, and times the packed size: what unpacks to more than both is not read


class FileTree:
    """The files of a folder, of a zip archive, or of a folder that also holds zip archives; nothing is unpacked.

    Hidden files and macOS's ``__MACOSX`` are left out. A file in an archive counts only if no loose file of the same
    name exists, so that an archive may stay beside what was unpacked from it.

    Args:
        source: Folder or archive.

    Raises:
        FileNotFoundError: If there is no such folder or file.
        ReadError: If it is a file but no zip archive.
    """

    def __init__(self, source: str | Path):
        self.source = Path(source)
        self._loose: dict[str, Path] = {}
        self._packed: dict[str, tuple[Path, str]] = {}
        self._archives: dict[Path, zipfile.ZipFile] = {}
        if self.source.is_dir():
            for folder, folders, files in os.walk(self.source):
                folders[:] = sorted(f for f in folders if not _hidden(f))
                for name in sorted(f for f in files if not _hidden(f)):
                    path = Path(folder, name)
                    if name.lower().endswith('.zip'):
                        self._check_archive(path)
                        self._add_archive(path)
                    else:
                        self._loose[path.relative_to(self.source).as_posix()] = path
        elif self.source.is_file():
            self._check_archive(self.source)
            self._add_archive(self.source)
        else:
            raise FileNotFoundError(f"there is no folder or file '{self.source}'")

    @staticmethod
    def _check_archive(path: Path) -> None:
        if not zipfile.is_zipfile(path):
            raise ReadError(f"'{path}' ({path.stat().st_size} bytes) is not a zip archive; expected a folder or a "
                            'whole zip archive (a download that was cut off ends like this). Download it again, or '
                            'take it out of the folder')

    def _add_archive(self, path: Path) -> None:
        try:
            self._archives[path] = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise ReadError(f"'{path}' is a damaged zip archive: {error}; download it again") from None
        where = path.name if path == self.source else path.relative_to(self.source).as_posix()
        for member in sorted(self._archives[path].namelist()):
            if member.endswith('/') or any(map(_hidden, member.split('/'))):
                continue
            if f'{where}/{member}' in self._packed:
                raise ReadError(f"'{path}' holds two files called '{member}'; only one of them could be read. Make "
                                'the archive again')
            self._packed[f'{where}/{member}'] = path, member

    def named(self, pattern: str) -> dict[str, str]:
        """The files whose own name (without folders) matches a regular expression as a whole.

        Returns:
            File name -> place to give to :meth:`read`, sorted by name.

        Raises:
            ReadError: If two files share a name; says where both lie.
        """
        found: dict[str, str] = {}
        for places in (self._loose, self._packed):
            new: dict[str, str] = {}
            for place in places:
                name = place.rpartition('/')[2]
                if not re.fullmatch(pattern, name) or name in found:
                    continue
                if name in new:
                    raise ReadError(f"'{self.source}' holds two files called '{name}': '{new[name]}' and '{place}'; "
                                    'keep one, since the name is the name of the clip')
                new[name] = place
            found.update(new)
        return dict(sorted(found.items()))

    def below(self, suffix: str) -> dict[str, str]:
        """The files of a suffix by their path below the folder, or inside the archive.

        Returns:
            Path -> place to give to :meth:`read`, sorted by path; a loose file comes before one in an archive.
        """
        archives = {f'{place.partition(".zip/")[0]}.zip/' for place in self._packed}
        found = {place: place for place in self._loose if place.endswith(suffix)}
        for place in self._packed:
            prefix = next(archive for archive in archives if place.startswith(archive))
            if place.endswith(suffix):
                found.setdefault(place.removeprefix(prefix), place)
        return dict(sorted(found.items()))

    def placed(self, pattern: str) -> dict[tuple[str, ...], str]:
        """The files whose place (folders and name) ends with a regular expression, for data sets with repeated names.

        Returns:
            The expression's groups -> place to give to :meth:`read`, in the order of the places.

        Raises:
            ReadError: If two files have the same groups; says where both lie.
        """
        found: dict[tuple[str, ...], str] = {}
        wanted = re.compile(f'(?:.*/)?{pattern}')
        for places in (self._loose, self._packed):
            new: dict[tuple[str, ...], str] = {}
            for place in places:
                match = wanted.fullmatch(place)
                if not match or match.groups() in found:
                    continue
                if match.groups() in new:
                    raise ReadError(f"'{self.source}' holds '{new[match.groups()]}' and '{place}', which are the same "
                                    'file of the data set; keep one')
                new[match.groups()] = place
            found.update(new)
        return found

    def others(self, pattern: str) -> list[str]:
        """Places of the files whose own name does not match."""
        return [p for p in (*self._loose, *self._packed) if not re.fullmatch(pattern, p.rpartition('/')[2])]

    def read(self, place: str) -> bytes:
        """The content of one file.

        Raises:
            ReadError: If it cannot be read or its archive is damaged there.
        """
        try:
            if place in self._loose:
                return self._loose[place].read_bytes()
            path, member = self._packed[place]
            info = self._archives[path].getinfo(member)
            if info.file_size > _BOMB[0] and info.file_size > _BOMB[1] * max(info.compress_size, 1):
                raise ReadError(f"'{place}' would unpack {info.compress_size} bytes to {info.file_size}; no data set "
                                'does. It was not read')
            return self._archives[path].read(member)
        except (OSError, RuntimeError, NotImplementedError, EOFError, zlib.error, struct.error,
                zipfile.BadZipFile) as error:
            why = getattr(error, 'strerror', None) or error  # without the path of this machine
            raise ReadError(f"'{place}' cannot be read: {why}") from None

    def read_text(self, place: str) -> str:
        """The content of one text file; bytes that are no UTF-8 become replacement characters."""
        return self.read(place).decode('utf-8-sig', errors='replace')

    def close(self) -> None:
        """Closes the archives."""
        for archive in self._archives.values():
            archive.close()


def _hidden(name: str) -> bool:
    return name.startswith('.') or name == '__MACOSX'
