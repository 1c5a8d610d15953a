"""Motion capture from one camera: a network, a camera, losses and the adaptation to a video.

Bodies and images alone; detectors and recognisers are elsewhere.
"""
from mmskel.body.capture.camera import BodyParameters, Camera, CropBox, PlacedBody, place, recentre
from mmskel.body.capture.network import MocapNet, heat_maps
from mmskel.body.capture.visibility import nearest_vertex_map, visible_vertices

__all__ = ['BodyParameters', 'Camera', 'CropBox', 'MocapNet', 'PlacedBody', 'heat_maps', 'nearest_vertex_map', 'place',
           'recentre', 'visible_vertices']
