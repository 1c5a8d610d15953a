"""The choice of a recogniser: a published one by name, or the user's own by config and checkpoint."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmskel.apis.clip_source import ClipSource
from mmskel.apis.fused import published_inferencer
from mmskel.apis.inferencer import SkeletonInferencer
from mmskel.cards.zoo import DEFAULT
from mmskel.configuration import ConfigError
from mmskel.files.tables import read_text
from mmskel.models.recognizers import Scorer


@dataclass(frozen=True)
class RecogniserOptions:
    """The recogniser to use.

    Args:
        config: Config that the checkpoint was trained with: the one in its work dir. None: a published recogniser.
        checkpoint: Weights of the recogniser.
        device: ``'cpu'``, ``'cuda:0'``; ``''``: a GPU if there is one.
        class_names: File with one name per line, instead of the checkpoint's names.
        scorer: Callable that gives every class a probability, see :class:`~mmskel.models.recognizers.Scorer`; default:
            the recogniser's own head.
        classes: Names of the classes, for a scorer with an open vocabulary.
        models: Names of published recognisers, see :mod:`mmskel.cards.zoo`; several are fused. Default, without a
            config: :data:`~mmskel.cards.zoo.DEFAULT`.
        weights: Files of their weights, instead of those that are downloaded.

    Raises:
        ConfigError: A config without a checkpoint or beside ``models``, or not as many weights as models.
    """
    config: str | Path | None = None
    checkpoint: str | Path | None = None
    device: str = ''
    class_names: str | Path | None = None
    scorer: Scorer | None = None
    classes: Sequence[str] | None = None
    models: Sequence[str] = ()
    weights: Sequence[str | Path] = ()

    def __post_init__(self):
        if (self.config is None) != (self.checkpoint is None):
            raise ConfigError('config=... and checkpoint=... belong together; give both, or the name of a published '
                              'recogniser: models=...')
        if self.config is not None and (self.models or self.weights):
            raise ConfigError('config=... and checkpoint=... are a recogniser of your own, which goes with neither '
                              'models=... nor weights=...')
        if self.weights and len(self.weights) != len(self.names):
            raise ConfigError(f'{len(self.weights)} files of weights were given (weights=...) for {len(self.names)} '
                              'recognisers; give one for each')

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the published recognisers; () for one of the user's own."""
        return () if self.config is not None else tuple(self.models) or (DEFAULT, )

    def build(self, source: ClipSource) -> SkeletonInferencer:
        """Loads the recogniser.

        Args:
            source: Source that makes the clips.
        """
        if self.names:
            return published_inferencer(self.names, self.weights, self.device or None, source=source,
                                        class_names=_read_names(self.class_names), scorer=self.scorer)
        return SkeletonInferencer(self.config, self.checkpoint, self.device or None, source=source,
                                  class_names=_read_names(self.class_names), scorer=self.scorer)


def _read_names(path: str | Path | None) -> list[str] | None:
    if path is None:
        return None
    return [line.strip() for line in read_text(path, 'list of class names').splitlines() if line.strip()]
