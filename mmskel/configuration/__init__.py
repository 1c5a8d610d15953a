"""Configs: found, loaded, fitted to the data and the arguments of a command."""
from mmskel.configuration.datasets import dataset_of, datasets_of
from mmskel.configuration.find import ConfigError, find_config, packaged_configs
from mmskel.configuration.fit import fit_to_data
from mmskel.configuration.knobs import fill_knobs, places_of, set_knob
from mmskel.configuration.load import default_work_dir, load_config, set_videos, stream_configs
from mmskel.configuration.parts import coords_of, encoder_of, needs_video
from mmskel.configuration.schedule import bar_instead_of_log, set_epochs
from mmskel.configuration.streams import members_of, set_stream, streams_of

__all__ = ['ConfigError', 'bar_instead_of_log', 'coords_of', 'dataset_of', 'datasets_of', 'default_work_dir',
           'encoder_of', 'fill_knobs', 'find_config', 'fit_to_data', 'load_config', 'members_of', 'needs_video',
           'packaged_configs', 'places_of', 'set_epochs', 'set_knob', 'set_stream', 'set_videos', 'stream_configs',
           'streams_of']
