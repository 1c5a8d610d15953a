"""Configs: found, loaded, fitted to the data and the arguments of a command."""
from mmskel.configuration.datasets import dataset_of, datasets_of
from mmskel.configuration.find import ConfigError, find_config, packaged_configs
from mmskel.configuration.fit import fit_to_data
from mmskel.configuration.load import default_work_dir, load_config, stream_configs
from mmskel.configuration.schedule import bar_instead_of_log, set_epochs
from mmskel.configuration.streams import encoder_of, members_of, set_stream, streams_of

__all__ = ['ConfigError', 'bar_instead_of_log', 'dataset_of', 'datasets_of', 'default_work_dir', 'encoder_of',
           'find_config', 'fit_to_data', 'load_config', 'members_of', 'packaged_configs', 'set_epochs', 'set_stream',
           'stream_configs', 'streams_of']
