"""Recognisers that MMAction2 does not have."""
from mmskel.models.recognizers.penalised import PenalisedRecognizer

__all__ = ['PenalisedRecognizer']
