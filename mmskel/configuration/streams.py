"""The streams of an encoder, and the members of an ensemble."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmskel.configuration.find import ConfigError
from mmskel.configuration.knobs import fit_channels
from mmskel.configuration.parts import encoder_of


def streams_of(cfg) -> tuple[str, ...]:
    """The possible values of the encoder's ``stream``; () for an encoder without one."""
    encoder = encoder_of(cfg)
    return encoder.streams if encoder else ()


def members_of(cfg) -> dict[str, dict[str, Any]]:
    """The members that ``mmskel train --streams all`` trains: the config's ``members``, or the encoder's streams (for
    volumes: joint and limb).

    A config names the members of its ensemble if they differ in more than the stream::

        members = dict(joint_spine=dict(stream='joint', options={'model.backbone.centre': 'spine'}), ...)

    Returns:
        Name -> ``stream`` (may be missing) and ``options``, dotted keys and values as for ``--cfg-options``.

    Raises:
        ConfigError: If the table is malformed.
    """
    members, streams = cfg.get('members'), streams_of(cfg)
    if members is None:
        return {name: dict(stream=name, options={}) for name in (encoder_of(cfg).ensemble if streams else ())}
    for name, member in members.items():
        if name in ('all', 'fused', *streams):
            raise ConfigError(f"members: '{name}' has a meaning of its own; give the member another name")
        if not isinstance(member, Mapping) or set(member) - {'stream', 'options'}:
            raise ConfigError(f"members: '{name}' is a dict of stream and options, not {member!r}")
        if 'stream' in member and member['stream'] not in streams:
            raise ConfigError(f"members: '{name}' has the unknown stream {member['stream']!r}; known: "
                              f'{", ".join(streams)}')
    return {name: dict(stream=member.get('stream'), options=dict(member.get('options', {})))
            for name, member in members.items()}


def set_stream(cfg, name: str) -> None:
    """Turns a config into that of one stream, or of one member of its ensemble (see :func:`members_of`).

    Raises:
        ConfigError: If the config has no such stream; lists the known ones.
    """
    members, plain = members_of(cfg), streams_of(cfg)
    if name not in (*plain, *members):
        if not plain and not members:
            raise ConfigError(f"'{cfg.filename}': the model's data_preprocessor has no stream to set; a stream needs "
                              'an encoder such as StreamEncoder')
        known = ', '.join(dict.fromkeys((*plain, *members)))
        raise ConfigError(f"'{cfg.filename}' has no stream '{name}'; known: {known}")
    member = members.get(name, dict(stream=name, options={}))
    if member['stream']:
        cfg.merge_from_dict({'model.data_preprocessor.stream': member['stream']})
    cfg.merge_from_dict(member['options'])
    fit_channels(cfg)
    if name not in plain:
        cfg.member = name
