"""Aligners: features of skeletons and embeddings of words in one space, so that classes without clips have scores."""
from mmskel.models.zero_shot.aligner import Aligner, ZeroShotError, check_training_arrays
from mmskel.models.zero_shot.files import build_aligner, load_aligner, save_aligner
from mmskel.models.zero_shot.linear import LinearAligner, LinearTraining
from mmskel.models.zero_shot.sa_dvae import SADVAE
from mmskel.models.zero_shot.sa_dvae_training import SADVAETraining

__all__ = ['Aligner', 'LinearAligner', 'LinearTraining', 'SADVAE', 'SADVAETraining', 'ZeroShotError',
           'build_aligner', 'check_training_arrays', 'load_aligner', 'save_aligner']
