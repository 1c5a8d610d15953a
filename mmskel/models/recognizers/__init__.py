"""Recognisers as a whole: tensors out of any of them, and scorers of classes."""
from mmskel.models.recognizers.features import ClipScores, average_views, network_output, predict_samples, recognise
from mmskel.models.recognizers.masked_pretraining import MaskedPretraining, draw_mask
from mmskel.models.recognizers.penalised import PenalisedRecognizer
from mmskel.models.recognizers.scorers import FeatureScorer, HeadScorer, Scorer, clip_features, pooled_features

__all__ = ['ClipScores', 'FeatureScorer', 'HeadScorer', 'MaskedPretraining', 'PenalisedRecognizer', 'Scorer',
           'average_views', 'clip_features', 'draw_mask', 'network_output', 'pooled_features', 'predict_samples',
           'recognise']
