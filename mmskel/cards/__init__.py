"""One card per model, as data.

A package of its own beside ``models``, since importing that needs torch and ``mmskel models`` should answer at once; it
imports nothing of ours.
"""
from __future__ import annotations

from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, Measured, ModelCard, Official, Paper, Published, Reference
from mmskel.cards.cascadeformer import CASCADEFORMER
from mmskel.cards.ctr_gcn import CTR_GCN
from mmskel.cards.ensemble_1dcnn import ENSEMBLE_1DCNN
from mmskel.cards.gate_shift_pose import GATE_SHIFT_POSE, GATE_SHIFT_POSE_JOINTS, GATE_SHIFT_POSE_LATE
from mmskel.cards.hd_gcn import HD_GCN
from mmskel.cards.mans import MANS
from mmskel.cards.mp_gcn import MP_GCN
from mmskel.cards.posec3d import C3D_LIGHT, POSEC3D, X3D_SHALLOW
from mmskel.cards.rgbpose import RGBPOSE
from mmskel.cards.sa_dvae import SA_DVAE
from mmskel.cards.skateformer import SKATEFORMER
from mmskel.cards.st_gcn import ST_GCN
from mmskel.cards.stc_net import STC_NET
from mmskel.files.errors import UserError

__all__ = ['ANY_LAYOUT', 'CARDS', 'Measured', 'ModelCard', 'NOT_STATED', 'Official', 'Paper', 'Published', 'Reference',
           'find_card']

CARDS = {card.name: card for card in (
    ST_GCN, ENSEMBLE_1DCNN, MANS, CTR_GCN, POSEC3D, C3D_LIGHT, X3D_SHALLOW, RGBPOSE, HD_GCN, STC_NET, SKATEFORMER,
    MP_GCN, SA_DVAE, CASCADEFORMER, GATE_SHIFT_POSE, GATE_SHIFT_POSE_LATE, GATE_SHIFT_POSE_JOINTS)}
"""Every model, by the name of its system (and network, where a system has several); in the order of the papers."""


def find_card(name: str) -> ModelCard:
    """A card by the name of the system, its title, or its backbone: ``st_gcn``, ``ST-GCN``, ``SkeletonSTGCN``.

    Raises:
        UserError: No such model; lists those there are.
    """
    wanted = _plain(name)
    for card in CARDS.values():
        if wanted in map(_plain, (card.name, card.title, card.backbone)):
            return card
    raise UserError(f"there is no model '{name}'; known: {', '.join(CARDS)}; published recognisers: "
                    '`mmskel models --weights`')


def _plain(text: str) -> str:
    return ''.join(letter for letter in text.lower() if letter.isalnum())
