"""Hooks and metrics of a run; importing this registers them into MMAction2's registries."""
from mmskel.engine.accuracy import SkeletonAccuracy
from mmskel.engine.averaging import AveragedWeightsHook
from mmskel.engine.bfloat16 import BFloat16OptimWrapper
from mmskel.engine.checkpointing import WholeCheckpointHook
from mmskel.engine.divergence import DivergedError, FiniteHook
from mmskel.engine.evaluators import ResultsMetric
from mmskel.engine.progress import ProgressBarHook
from mmskel.engine.reconstruction import ReconstructionError
from mmskel.engine.runner import SkeletonRunner
from mmskel.engine.schedules import CosineFromStartLR
from mmskel.engine.seeding import EpochSeedHook, innermost_dataset
from mmskel.engine.starting import StartWeightsHook
from mmskel.engine.testing import RecognitionTestLoop, run_test

__all__ = ['AveragedWeightsHook', 'BFloat16OptimWrapper', 'CosineFromStartLR', 'DivergedError', 'EpochSeedHook',
           'FiniteHook', 'ProgressBarHook', 'RecognitionTestLoop', 'ReconstructionError', 'ResultsMetric',
           'SkeletonAccuracy', 'SkeletonRunner', 'StartWeightsHook', 'WholeCheckpointHook', 'innermost_dataset',
           'run_test']
