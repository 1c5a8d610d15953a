"""The doors of the networks: canonical batch in, network input out, on the device."""
from mmskel.models.encoders.skate import SkateEncoder
from mmskel.models.encoders.streams import STREAMS, StreamEncoder, bones, encode_stream, motion

__all__ = ['STREAMS', 'SkateEncoder', 'StreamEncoder', 'bones', 'encode_stream', 'motion']
