"""Metrics and results by clip id."""
from mmskel.evaluation.metrics import confusion_matrix, mean_class_accuracy, per_class_accuracy, top_k_accuracy
from mmskel.evaluation.results import Results, load_results, save_results

__all__ = ['Results', 'confusion_matrix', 'load_results', 'mean_class_accuracy', 'per_class_accuracy',
           'save_results', 'top_k_accuracy']
