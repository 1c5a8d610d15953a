"""Metrics, results by clip id, and their fusion."""
from mmskel.evaluation.fusion import PRESETS, RULES, FusionError, fuse, preset_weights
from mmskel.evaluation.fusion_fit import fit_weights, fuse_fitted
from mmskel.evaluation.metrics import (
                                       confusion_matrix,
                                       mean_class_accuracy,
                                       merge_scores,
                                       per_class_accuracy,
                                       top_k_accuracy,
)
from mmskel.evaluation.results import Results, load_results, save_results
from mmskel.evaluation.segmental import SegmentalScores, segmental_scores

__all__ = ['FusionError', 'PRESETS', 'RULES', 'Results', 'SegmentalScores', 'confusion_matrix', 'fit_weights',
           'fuse', 'fuse_fitted', 'load_results', 'mean_class_accuracy', 'merge_scores', 'per_class_accuracy',
           'preset_weights', 'save_results', 'segmental_scores', 'top_k_accuracy']
