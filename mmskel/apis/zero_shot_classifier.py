"""Scores for typed class names: an aligner on top of a recogniser's features."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmskel.language import ClassTexts, TextEncoder, class_texts, embed_classes, load_text_encoder
from mmskel.models.recognizers import FeatureScorer
from mmskel.models.zero_shot import ZeroShotError, load_aligner


class ZeroShotClassifier:
    """Scores clips for classes that a user typed.

    Args:
        aligner: File of `mmskel zeroshot train`.
        classes: Class names, which are put into the prompts of the training, or texts about each class; at least
            two.
        encoder: Text encoder; by default the one that the aligner was trained with, by its name.
        device: Device the scores are computed on.

    Attributes:
        class_names: Names of the K classes, in the order of the scores.
        recogniser: Recogniser behind the features the aligner was trained on; empty if unknown.
        meta: All metadata in the aligner's file.

    Raises:
        LanguageError: Empty or repeated names, a single class, or an encoder that cannot be loaded.
        ZeroShotError: No such aligner, or an encoder of another width or with other weights.
    """

    def __init__(self, aligner: str | Path, classes: Sequence[str] | ClassTexts, encoder: TextEncoder | None = None,
                 device: str = 'cpu'):
        names = class_texts(classes.names if isinstance(classes, ClassTexts) else classes, at_least=2)
        self.aligner, self.meta, _ = load_aligner(aligner)
        known = self.meta.get('texts', {})
        texts = classes if isinstance(classes, ClassTexts) else names.prompted(known.get('prompts', ()))
        self.class_names, self.recogniser = list(names.names), self.meta.get('recogniser', '')
        if encoder is None:
            name = known.get('encoder', '')
            if not name or name == 'file':
                raise ZeroShotError(f"'{aligner}' does not name the text encoder it was trained with; give it")
            encoder = load_text_encoder(name, device)
        if known.get('sha256') and known.get('encoder') != 'file' and encoder.digest != known['sha256']:
            raise ZeroShotError(f"'{aligner}' was trained with the text encoder {known['encoder']} "
                                f"({known['sha256'][:12]}); this one, {encoder.name}, has other weights "
                                f'({encoder.digest[:12]})')
        self._check_texts(str(aligner), texts, known)
        embeddings = embed_classes(encoder, texts, known.get('join', 'concatenate'))
        vectors = torch.from_numpy(embeddings.vectors).to(device)
        self.aligner.to(device).check_widths(torch.zeros(0, self.aligner.skeleton_channels), vectors)
        self.record = embeddings.record
        self._scorer, self._device = self.aligner.class_scorer(vectors, int(self.meta.get('seed', 5))), device

    @staticmethod
    def _check_texts(aligner: str, texts: ClassTexts, known: dict[str, Any]) -> None:
        """Checks that there are as many concatenated texts as in the training."""
        expected = len(known['texts'][0]) if known.get('texts') and known.get('join') == 'concatenate' else 0
        if expected and len(texts.texts[0]) != expected:
            raise ZeroShotError(f"'{aligner}' was trained on {expected} concatenated texts per class, these classes "
                                f'have {len(texts.texts[0])}; describe them in the same way, or train with join=mean')

    @torch.no_grad()
    def scores(self, features: np.ndarray, recogniser: str = '') -> np.ndarray:
        """The scores of clips.

        Args:
            features: (N, D) pooled features of the recogniser.
            recogniser: Name of the recogniser, if known: one that differs from the aligner's is refused.

        Returns:
            (N, K) float32 that sum to 1, with columns as in :attr:`class_names`.

        Raises:
            ZeroShotError: Features of another width or recogniser.
        """
        if recogniser and self.recogniser and recogniser != self.recogniser:
            raise ZeroShotError(f'the aligner was trained on features of {self.recogniser}, these are of {recogniser}')
        clips = torch.as_tensor(np.asarray(features, np.float32)).to(self._device)
        self.aligner.check_widths(clips, torch.zeros(0, self.aligner.text_channels))
        return self._scorer(clips).softmax(1).cpu().numpy()


class TypedWords:
    """Class names to probabilities, for :class:`~mmskel.models.recognizers.FeatureScorer`.

    Args:
        aligner: File of `mmskel zeroshot train`.
        classes: First classes, so that a mistake is reported before any clip is read.
        encoder, device: See :class:`ZeroShotClassifier`.
    """

    def __init__(self, aligner: str | Path, classes: Sequence[str], encoder: TextEncoder | None = None,
                 device: str = 'cpu'):
        self._arguments = aligner, encoder, device
        self.classifier = ZeroShotClassifier(aligner, classes, encoder, device)

    def probabilities(self, features: torch.Tensor, class_names: Sequence[str]) -> torch.Tensor:
        """(N, D) pooled features, K names -> (N, K); names that differ from the last ones are encoded."""
        if list(class_names) != self.classifier.class_names:
            aligner, encoder, device = self._arguments
            self.classifier = ZeroShotClassifier(aligner, class_names, encoder, device)
        return torch.from_numpy(self.classifier.scores(features.cpu().numpy()))


def zero_shot_scorer(aligner: str | Path, classes: Sequence[str], checkpoint: str | Path = '',
                     encoder: TextEncoder | None = None, device: str = 'cpu') -> FeatureScorer:
    """The scorer that lets a :class:`~mmskel.apis.inferencer.SkeletonInferencer` name classes that a user typed.

    Args:
        aligner: File of `mmskel zeroshot train`.
        classes: Class names.
        checkpoint: Weights of the recogniser; a file whose name is not that of the aligner's recogniser is refused.
        encoder, device: See :class:`ZeroShotClassifier`.

    Raises:
        ZeroShotError, LanguageError: See :class:`ZeroShotClassifier`.

    Example:
        >>> scorer = zero_shot_scorer('work_dirs/zeroshot/aligner.pth', ['wave', 'kick'])  # doctest: +SKIP
        >>> inferencer = SkeletonInferencer(config, checkpoint, scorer=scorer)  # doctest: +SKIP
        >>> inferencer('clip.mp4', classes=['wave', 'kick'])  # doctest: +SKIP
    """
    words = TypedWords(aligner, classes, encoder, device)
    known = words.classifier.recogniser
    if checkpoint and '.pth' in known and Path(checkpoint).name not in known.split(', '):
        raise ZeroShotError(f"'{aligner}' was trained on features of {known}, not of '{Path(checkpoint).name}'; "
                            'features of different recognisers are not comparable, even with equal widths')
    return FeatureScorer(words.probabilities)
