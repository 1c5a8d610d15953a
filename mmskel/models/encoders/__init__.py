"""The encoders: they turn a canonical batch into a network's input, on the device."""
from mmskel.models.encoders.base import SkeletonEncoder
from mmskel.models.encoders.frame_stack import FramesAndPoseEncoder, FrameStackEncoder, joint_heatmap
from mmskel.models.encoders.heatmap import heatmap_volume
from mmskel.models.encoders.heatmap_encoder import VOLUME_STREAMS, HeatmapEncoder
from mmskel.models.encoders.heatmap_transform import GenerateHeatmapVolume
from mmskel.models.encoders.padded import PaddedStreamEncoder
from mmskel.models.encoders.panorama import PANORAMA_STREAMS, PanoramaEncoder, append_objects, bone_angles, fill_slots
from mmskel.models.encoders.rgb_pose import PictureEncoder, RGBPoseEncoder
from mmskel.models.encoders.series import SeriesEncoder
from mmskel.models.encoders.skate import SkateEncoder
from mmskel.models.encoders.streams import STREAMS, StreamEncoder, bones, encode_stream, motion

__all__ = ['FrameStackEncoder', 'FramesAndPoseEncoder', 'GenerateHeatmapVolume', 'HeatmapEncoder', 'PANORAMA_STREAMS',
           'PaddedStreamEncoder', 'PanoramaEncoder', 'PictureEncoder', 'RGBPoseEncoder', 'STREAMS', 'SeriesEncoder',
           'SkateEncoder', 'SkeletonEncoder', 'StreamEncoder', 'VOLUME_STREAMS', 'append_objects', 'bone_angles',
           'bones', 'encode_stream', 'fill_slots', 'heatmap_volume', 'joint_heatmap', 'motion']
