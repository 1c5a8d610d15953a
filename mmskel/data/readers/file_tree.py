"""A folder or a zip archive as a list of files, whatever lies nested in what."""
from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

from mmskel.data.readers.reader import ReadError


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
                    if name.lower().endswith('.zip') and zipfile.is_zipfile(path):
                        self._add_archive(path)
                    else:
                        self._loose[path.relative_to(self.source).as_posix()] = path
        elif self.source.is_file():
            if not zipfile.is_zipfile(self.source):
                raise ReadError(f"'{self.source}' ({self.source.stat().st_size} bytes) is no zip archive; expected a "
                                'folder or a whole zip archive (a download that was cut off ends like this)')
            self._add_archive(self.source)
        else:
            raise FileNotFoundError(f"there is no folder or file '{self.source}'")

    def _add_archive(self, path: Path) -> None:
        try:
            self._archives[path] = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise ReadError(f"'{path}' is a damaged zip archive: {error}; download it again") from None
        for member in sorted(self._archives[path].namelist()):
            if not member.endswith('/') and not any(map(_hidden, member.split('/'))):
                self._packed[f'{path.name}/{member}'] = path, member

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
            return self._archives[path].read(member)
        except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
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
