"""AMASS and other sequences of SMPL parameters: a folder of ``.npz`` (or ``.pkl``) files, posed by an SMPL body.

Source: N. Mahmood, N. Ghorbani, N. F. Troje, G. Pons-Moll, M. J. Black, "AMASS: Archive of Motion Capture as Surface
Shapes", ICCV 2019.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mmskel.data.readers.reader import Reader, ReadError, option
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip

_NO_SEQUENCES = ('shape', 'neutral_stagei', 'male_stagei', 'female_stagei')  # of a subject, not of a motion
TUBE = 'tube'


@dataclass
class AMASS(Reader):
    """Reads sequences of SMPL or SMPL+H parameters as clips of layout ``smpl24``, metres.

    A clip's id is its path below the folder. AMASS has no action classes, so clips have no labels, and no splits.
    """
    what: ClassVar[str] = "folder of AMASS's .npz files, or of other files of SMPL or SMPL+H parameters (.npz, .pkl)"
    model: str = option('text', TUBE, "SMPL's model file, .pkl or .npz, which turns parameters into joints; tube: a "
                                      'made-up body, whose joints are not those of the persons')
    fps: float | None = option('number', None, "frames per second, by leaving out frames; default: the files' own")
    up: str = option('text', 'z', "axis of the files that points up; y points up in clips", ('y', 'z'))

    def __post_init__(self):
        super().__post_init__()
        if not self.source.is_dir():
            if not self.source.exists():
                raise FileNotFoundError(f"there is no folder '{self.source}'")
            raise ReadError(f"'{self.source}' is not a folder; expected a {self.what}")
        self._files = {path.relative_to(self.source).with_suffix('').as_posix(): path
                       for path in sorted(self.source.rglob('*')) if path.suffix in ('.npz', '.pkl')
                       and not path.stem.endswith(_NO_SEQUENCES)}
        if not self._files:
            raise ReadError(f"'{self.source}' holds no sequence; expected a {self.what}")
        from mmskel.body import SMPL, BodyError, SMPLFile, load_body, tube_body  # these need PyTorch
        try:
            body = tube_body('smpl') if self.model == TUBE else load_body(self.model)
        except BodyError as error:
            raise ReadError(str(error)) from None
        if not isinstance(body, SMPLFile):
            raise ReadError(f"'{self.model}' is a SKEL model; AMASS's parameters are those of SMPL: give an SMPL file")
        self._body = SMPL(body)
        self._genders: set[str] = set()

    def items(self) -> list[str]:
        return list(self._files)

    def read(self, item: str) -> Clip:
        from mmskel.body.sequences import load_sequence
        try:
            sequence = load_sequence(self._files[item])
            sequence = sequence if self.fps is None else sequence.resampled(self.fps)
        except UserError as error:
            raise ReadError(str(error)) from None
        self._genders.add(sequence.gender or 'unknown')
        clip = sequence.clip(self._body, y_up=self.up == 'z')
        clip.id = item
        return clip

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return {}

    def notes(self) -> list[str]:
        found = [f"posed by '{self._body.name}'; the persons are {', '.join(sorted(self._genders))}"]
        if len(self._genders - {'unknown'}) > 1:
            found.append('one body for all genders: joints are off by a few centimetres for some; a folder for each '
                         'gender and its own model are exact')
        return found

    def meta(self) -> dict[str, Any]:
        return dict(layout='smpl24', source='sequences of SMPL parameters (AMASS, Mahmood et al., ICCV 2019)')
