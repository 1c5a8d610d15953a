"""The files that are made from predictions."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OutputOptions:
    """The outputs made from predictions.

    Args:
        video: Annotated video; a folder if there are several clips, each ``<id>.mp4``. None: no video.
        table: Predictions, ``.json`` (everything) or ``.csv`` (segments). None: no table.
        min_score: Probability below which segments are left out.
        group: Whether videos also show the links of a group recogniser's graph.
    """
    video: str | Path | None = None
    table: str | Path | None = None
    min_score: float = 0.
    group: bool = False
