"""Sampling, normalising, augmenting, packing; registered into MMAction2's ``TRANSFORMS``."""
from mmskel.data.transforms.augmenting import RandomMirror, RandomMove, RandomRotation3D, RandomScale, RandomShear
from mmskel.data.transforms.base import CoordinateTransform, SkeletonTransform
from mmskel.data.transforms.body import BodyToSkeleton
from mmskel.data.transforms.choosing import OneBranch
from mmskel.data.transforms.choosing_person import ChoosePerson
from mmskel.data.transforms.clip_frames import LoadClipFrames
from mmskel.data.transforms.corner_crops import CropAtCorner, ImagesAlone, TenCrops
from mmskel.data.transforms.dropping import RandomDropAxis, RandomDropJoints
from mmskel.data.transforms.image_plane import (
    CropAtRandom,
    CropCentre,
    CropToPersons,
    FitIntoImage,
    MirrorImage,
    ResizeImage,
)
from mmskel.data.transforms.instances import BorrowBoneLengths, RandomSwapPersons
from mmskel.data.transforms.modalities import SampleVideoAndPose
from mmskel.data.transforms.normalizing import (
    AlignBody3D,
    CentreImage,
    CentreOnJoint,
    FractionsOfImage,
    NormalizePixels,
    RangeNormalize,
)
from mmskel.data.transforms.persons import AddObjects, PackSkeleton, SetPersons
from mmskel.data.transforms.projecting import ProjectToImage
from mmskel.data.transforms.published import PublishedClip2D, PublishedClip3D
from mmskel.data.transforms.sampling import (
    CropAndResize,
    FitFrames,
    PadFrames,
    RandomWindow,
    ResampleFrames,
    SampleUniformly,
)
from mmskel.data.transforms.segments import SampleSegments
from mmskel.data.transforms.trimming import SampleTrimmed
from mmskel.data.transforms.trunk import AlignTrunk3D

__all__ = ['AddObjects', 'AlignBody3D', 'AlignTrunk3D', 'BodyToSkeleton', 'BorrowBoneLengths', 'CentreImage',
           'CentreOnJoint', 'ChoosePerson', 'CoordinateTransform', 'CropAndResize', 'CropAtCorner', 'CropAtRandom',
           'CropCentre', 'CropToPersons', 'FitFrames', 'FitIntoImage', 'FractionsOfImage', 'ImagesAlone',
           'LoadClipFrames', 'MirrorImage', 'NormalizePixels', 'OneBranch', 'PackSkeleton', 'PadFrames',
           'ProjectToImage', 'PublishedClip2D', 'PublishedClip3D', 'RandomDropAxis', 'RandomDropJoints',
           'RandomMirror', 'RandomMove', 'RandomRotation3D', 'RandomScale', 'RandomShear', 'RandomSwapPersons',
           'RandomWindow', 'RangeNormalize', 'ResampleFrames', 'ResizeImage', 'SampleSegments', 'SampleTrimmed',
           'SampleUniformly', 'SampleVideoAndPose', 'SetPersons', 'SkeletonTransform', 'TenCrops']
