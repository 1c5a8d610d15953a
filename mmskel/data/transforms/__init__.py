"""Sampling, normalising, augmenting, packing; registered into MMAction2's ``TRANSFORMS``."""
from mmskel.data.transforms.augmenting import RandomMirror, RandomMove, RandomRotation3D, RandomScale, RandomShear
from mmskel.data.transforms.base import CoordinateTransform, SkeletonTransform
from mmskel.data.transforms.image_plane import (
    CropAtRandom,
    CropCentre,
    CropToPersons,
    FitIntoImage,
    MirrorImage,
    ResizeImage,
)
from mmskel.data.transforms.modalities import SampleVideoAndPose
from mmskel.data.transforms.normalizing import AlignBody3D, CentreImage, CentreOnJoint, NormalizePixels, RangeNormalize
from mmskel.data.transforms.persons import PackSkeleton, SetPersons
from mmskel.data.transforms.projecting import ProjectToImage
from mmskel.data.transforms.sampling import CropAndResize, PadFrames, RandomWindow, ResampleFrames, SampleUniformly

__all__ = ['AlignBody3D', 'CentreImage', 'CentreOnJoint', 'CoordinateTransform', 'CropAndResize', 'CropAtRandom',
           'CropCentre', 'CropToPersons', 'FitIntoImage', 'MirrorImage', 'NormalizePixels', 'PackSkeleton',
           'PadFrames', 'ProjectToImage', 'RandomMirror', 'RandomMove', 'RandomRotation3D', 'RandomScale',
           'RandomShear', 'RandomWindow', 'RangeNormalize', 'ResampleFrames', 'ResizeImage', 'SampleUniformly',
           'SampleVideoAndPose', 'SetPersons', 'SkeletonTransform']
