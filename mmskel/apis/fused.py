"""Several published recognisers as one: every clip is made once, and their probabilities are fused."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmskel.apis.clip_source import ClipSource
from mmskel.apis.inferencer import Companions, SkeletonInferencer
from mmskel.apis.zoo import fusion_of
from mmskel.cards.zoo import find_entry
from mmskel.configuration import ConfigError
from mmskel.models.recognizers import Scorer


def published_inferencer(names: Sequence[str], weights: Sequence[str | Path] = (), device: str | None = None, *,
                         source: ClipSource | None = None, class_names: Sequence[str] | None = None,
                         scorer: Scorer | None = None) -> SkeletonInferencer:
    """One or several published recognisers; several are fused by the rule that was published for them.

    Every clip is extracted once and goes through all of them. Names, rule and weights are the ``origin`` of every
    prediction.

    Args:
        names: Short names, see :mod:`mmskel.cards.zoo`.
        weights: Files or URLs of their weights, one for each; default: see :mod:`mmskel.apis.zoo`.
        device, source, class_names, scorer: Arguments of :class:`~mmskel.apis.inferencer.SkeletonInferencer`; a scorer
            goes with one recogniser.

    Raises:
        ZooError: An unknown name, recognisers that cannot be fused, or weights that cannot be found.
        ConfigError: A scorer with several recognisers.

    Example:
        >>> streams = ('joint', 'bone', 'joint_motion', 'bone_motion')
        >>> fused = published_inferencer([f'stgcnpp_ntu60_xsub_2d_{one}' for one in streams])  # doctest: +SKIP
        >>> fused('clip.mp4')['predictions'][0]['fusion']['weights']  # doctest: +SKIP
        [2.0, 2.0, 1.0, 1.0]
    """
    files = list(weights) or [None] * len(names)
    if len(names) > 1 and scorer is not None:
        raise ConfigError("a scorer of your own takes the place of one recogniser's head; name one recogniser")
    rule = fusion_of([find_entry(name) for name in names])  # recognisers that do not go together are refused first
    source = source or ClipSource()
    members = [SkeletonInferencer.from_name(name, file, device, source=source, class_names=class_names, scorer=scorer)
               for name, file in zip(names, files, strict=True)]
    first = members[0]
    if len(members) > 1:
        first.companions = Companions(tuple(members[1:]), rule)
        first.origin = dict({key: [one.origin[key][0] for one in members] for key in first.origin},
                            fusion=dict(rule=rule.rule, weights=list(rule.weights), preset=rule.preset))
    return first
