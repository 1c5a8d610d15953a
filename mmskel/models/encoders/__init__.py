"""The doors of the networks: canonical batch in, network input out, on the device."""
from mmskel.models.encoders.heatmap import heatmap_volume
from mmskel.models.encoders.heatmap_encoder import VOLUME_STREAMS, HeatmapEncoder
from mmskel.models.encoders.heatmap_transform import GenerateHeatmapVolume
from mmskel.models.encoders.rgb_pose import PictureEncoder, RGBPoseEncoder
from mmskel.models.encoders.streams import STREAMS, StreamEncoder, bones, encode_stream, motion

__all__ = ['GenerateHeatmapVolume', 'HeatmapEncoder', 'PictureEncoder', 'RGBPoseEncoder', 'STREAMS', 'StreamEncoder',
           'VOLUME_STREAMS', 'bones', 'encode_stream', 'heatmap_volume', 'motion']
