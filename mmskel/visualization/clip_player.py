"""Clips inside a page: which ones to show, their joints as JSON for ``assets/player.js``, and the HTML around them."""
from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mmskel.evaluation.results import Results
from mmskel.skeleton import Clip
from mmskel.visualization import palette
from mmskel.visualization.animation import Caption
from mmskel.visualization.page import render
from mmskel.visualization.skeleton_drawing import Scene
from mmskel.visualization.stage import extent

MISSING = -32768
"""The 16-bit integer of a joint that is not there."""
_MOST_FRAMES = 160  # of a clip in a page; longer ones are thinned out


class Shown(NamedTuple):
    """A clip with its true class, its predicted class and the probability (None unless scores are probabilities)."""
    clip: Clip
    caption: Caption
    confidence: float | None

    @property
    def right(self) -> bool:
        """Whether the clip was recognised."""
        return self.caption.truth == self.caption.predicted

    @property
    def solid(self) -> bool:
        """Whether the clip has depth and can be turned."""
        return self.clip.keypoint.shape[-1] == 3


def choose_clips(results: Results, available: set[str], right: int = 4, wrong: int = 4) -> list[str]:
    """Ids of clips worth looking at: the clearest mistakes, then recognised clips, of as many classes as possible.

    Args:
        results: Results of the test; clips without a label are left out.
        available: Ids whose joints are at hand.
        right, wrong: Numbers of clips of each kind; too few of one are made up for by the other.
    """
    scores, labels = results.scores, results.labels
    rows = [i for i, name in enumerate(results.ids) if name in available and labels[i] >= 0]
    top = scores.argmax(1)
    lead = scores.max(1) - scores[np.arange(len(labels)), np.maximum(labels, 0)]
    mistakes = _by_turns([i for i in rows if top[i] != labels[i]], labels, -lead)
    hits = _by_turns([i for i in rows if top[i] == labels[i]], labels, -scores.max(1))
    total = right + wrong
    wrong = min(len(mistakes), max(wrong, total - len(hits)))
    return [results.ids[i] for i in mistakes[:wrong] + hits[:total - wrong]]


def _by_turns(rows: list[int], labels: np.ndarray, rank: np.ndarray) -> list[int]:
    """Rows by rank, but each class's best before any class's second best."""
    seen: dict[int, int] = {}
    turn = {}
    for i in sorted(rows, key=lambda i: (rank[i], i)):
        turn[i] = seen[labels[i]] = seen.get(labels[i], -1) + 1
    return sorted(rows, key=lambda i: (turn[i], rank[i], i))


def shown_clips(results: Results, clips: dict[str, Clip], ids: Sequence[str]) -> list[Shown]:
    """The chosen clips with their captions."""
    row = {name: i for i, name in enumerate(results.ids)}
    scores, names = results.scores, results.class_names
    sure = (results.meta.get('score', 'probability') == 'probability' and bool((scores >= 0).all())
            and np.allclose(scores.sum(1), 1, atol=1e-3))
    return [Shown(clips[name], Caption(names[results.labels[row[name]]], names[int(scores[row[name]].argmax())]),
                  float(scores[row[name]].max()) if sure else None) for name in ids]


def clips_json(shown: Sequence[Shown]) -> dict[str, Any]:
    """The data for ``player.js``: clips, the skeletons they use (bones, colours, widths as shares of the image)."""
    skeletons, clips = [], []
    for item in shown:
        clip = _thinned(item.clip)
        scene = Scene(clip)
        side = scene.stage.size[0]
        skeleton = dict(bones=[[a, b, palette.css(colour), round(float(width) / side, 5)]
                               for (a, b, colour), width in zip(scene.bones, scene.widths)],
                        dots=[[palette.css(colour), round(float(width) / side, 5)]
                              for colour, width in zip(scene.colours, scene.joint_widths)])
        if skeleton not in skeletons:
            skeletons.append(skeleton)
        clips.append(dict(_joints(clip, scene), skeleton=skeletons.index(skeleton), several=scene.several,
                          fps=clip.rate))
    return dict(clips=clips, skeletons=skeletons,
                colours=dict(paper=palette.css(palette.PAPER), line=palette.css(palette.LINE),
                             shadow=palette.css(palette.SHADOW), persons=[palette.css(c) for c in palette.PERSONS]))


def stride_of(clip: Clip) -> int:
    """The player shows every so many-th frame of a clip."""
    return -(-clip.num_frames // _MOST_FRAMES)


def _thinned(clip: Clip) -> Clip:
    from dataclasses import replace
    stride = stride_of(clip)
    return replace(clip, keypoint=clip.keypoint[:, ::stride], score=clip.score[:, ::stride],
                   fps=clip.rate / stride, objects={})


def _joints(clip: Clip, scene: Scene) -> dict[str, Any]:
    """Joints as base64 of little-endian 16-bit integers (M, T, V, C), missing ones -32768, and their scale."""
    stage, known = scene.stage, clip.seen
    values = clip.keypoint.astype(np.float64)
    points = values[known] if known.any() else np.zeros((1, values.shape[-1]))
    origin = (points.min(0) + points.max(0)) / 2
    step = max(float(np.abs(points - origin).max()), 1e-9) / 32000
    whole = np.where(known[..., None], np.round((values - origin) / step), MISSING).astype('<i2')
    low, high = extent(points)
    size = np.maximum(high - low, .02 * stage.radius)
    facts = dict(shape=list(values.shape), joints=base64.b64encode(whole.tobytes()).decode(), step=step,
                 origin=origin.tolist(), centre=stage.centre.tolist(), extent=size.tolist(), radius=stage.radius)
    if stage.floor is None:
        return facts
    lines = stage.floor_lines()
    grid = abs(float(lines[2, 0, 0] - lines[0, 0, 0]))
    sideways = float(extent(np.linalg.norm((points - stage.centre)[:, ::2], axis=1, keepdims=True))[1][0])
    # whichever way it is turned, the clip stays inside: its width is that of the cylinder around it
    return dict(facts, floor=stage.floor, grid=grid, reach=stage.reach,
                extent=[2.1 * max(sideways, .7 * stage.reach), 1.12 * size[1]])


def clips_html(shown: Sequence[Shown]) -> str:
    """The players, mistakes first; their canvases are filled by ``player.js``."""
    figures = [(place, item, _thinned(item.clip).num_frames) for place, item in enumerate(shown)]
    groups = [('Mistaken', [figure for figure in figures if not figure[1].right]),
              ('Recognised', [figure for figure in figures if figure[1].right])]
    return render('clips.html', groups=groups, solid=any(item.solid for item in shown),
                  sure=any(item.confidence is not None for item in shown))
