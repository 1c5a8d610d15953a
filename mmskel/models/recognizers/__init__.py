"""Recognisers as a whole: tensors out of any of them, and who scores classes."""
from mmskel.models.recognizers.features import ClipScores, average_views, network_output, predict_samples, recognise
from mmskel.models.recognizers.penalised import PenalisedRecognizer
from mmskel.models.recognizers.scorers import FeatureScorer, HeadScorer, Scorer, pooled_features

__all__ = ['ClipScores', 'FeatureScorer', 'HeadScorer', 'PenalisedRecognizer', 'Scorer', 'average_views',
           'network_output', 'pooled_features', 'predict_samples', 'recognise']
