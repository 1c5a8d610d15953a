"""The shape of clips that a network is built for, if it flattens persons, joints and coordinates."""
from __future__ import annotations

from torch import Tensor

from mmskel.files.errors import UserError


def check_clip_shape(x: Tensor, network: str, layout: str, built_for: tuple[int, int, int]) -> None:
    """Refuses clips that a network was not built for.

    Args:
        x: (N, M, T, V, C).
        network: Name of the network's class, for the message.
        layout: Name of its joint order, for the message.
        built_for: M, V and C.

    Raises:
        UserError: A different number of persons, joints or coordinates.
    """
    _, persons, _, joints, coords = x.shape
    if (persons, joints, coords) != built_for:
        raise UserError(f"{network} was built for num_person={built_for[0]}, {built_for[1]} joints ('{layout}') and "
                        f'in_channels={built_for[2]}, but the clips have {persons} persons, {joints} joints and '
                        f'{coords} coordinates; SetPersons sets the number of persons')
