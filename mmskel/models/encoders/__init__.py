"""The doors of the networks: canonical batch in, network input out, on the device."""
from mmskel.models.encoders.panorama import PANORAMA_STREAMS, PanoramaEncoder, append_objects, bone_angles, fill_slots
from mmskel.models.encoders.streams import STREAMS, StreamEncoder, bones, encode_stream, motion

__all__ = ['PANORAMA_STREAMS', 'PanoramaEncoder', 'STREAMS', 'StreamEncoder', 'append_objects', 'bone_angles', 'bones',
           'encode_stream', 'fill_slots', 'motion']
