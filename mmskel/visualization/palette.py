"""The colours everything is drawn in: left blue, right orange, the midline slate; correct blue, mistakes red.

Left and right differ for the colour-blind as well. Colours are (red, green, blue), 0 to 255.
"""
from __future__ import annotations

from mmskel.skeleton import Layout

Colour = tuple[int, int, int]

PAPER: Colour = (255, 255, 255)
INK: Colour = (29, 37, 48)
MUTED: Colour = (104, 113, 126)
LINE: Colour = (226, 230, 236)
SHADOW: Colour = (220, 224, 230)
RIGHT: Colour = (34, 124, 84)  # a right answer
WRONG: Colour = (190, 50, 44)  # a wrong one
CORRECT_CELL: Colour = (18, 84, 138)  # 100 % of a class on the diagonal of a confusion matrix
MISTAKE_CELL: Colour = (196, 56, 38)  # 100 % of a class off the diagonal
PERSONS: tuple[Colour, ...] = (INK, (124, 77, 158), (14, 124, 123), (176, 42, 96), (120, 94, 20), (70, 96, 180))
OBJECTS: tuple[Colour, ...] = ((200, 60, 30), (20, 110, 60), (90, 60, 160))

_MIDDLE: Colour = (76, 87, 102)
_SIDES: dict[str, dict[str, Colour]] = {
    'left': dict(arm=(62, 136, 208), leg=(26, 86, 156), small=(118, 178, 232)),
    'right': dict(arm=(236, 146, 50), leg=(194, 94, 16), small=(246, 184, 112)),
}
_FINGERS: dict[str, Colour] = dict(thumb=(190, 74, 66), forefinger=(222, 142, 46), middle_finger=(62, 146, 98),
                                   ring_finger=(48, 120, 190), pinky_finger=(124, 86, 168))
_OTHERS: tuple[Colour, ...] = ((48, 120, 190), (222, 142, 46), (62, 146, 98), (124, 86, 168), (190, 74, 66),
                               (14, 124, 123))


def joint_colours(layout: Layout) -> list[Colour]:
    """V colours: by side, and within a side by arm, leg and small parts (hands of whole bodies, eyes, ears).

    Fingers of a hand alone get a colour each; parts of other layouts without sides take turns.
    """
    part_of = {joint: part for part, joints in layout.parts.items() for joint in joints}
    side_of = {pair[i]: side for pair in layout.pairs for i, side in enumerate(('left', 'right'))}
    sided, turns = bool(layout.pairs), {}
    colours = []
    for joint, name in enumerate(layout.joints):
        part = part_of.get(joint, '')
        side = side_of.get(joint)
        if part in _FINGERS:
            colours.append(_FINGERS[part])
        elif part in ('', 'face', 'wrist') or (sided and not side):
            colours.append(_MIDDLE)
        elif side:
            small = part.endswith('hand') or part == 'head' or 'ear' in name.split('_') or 'eye' in name.split('_')
            leg = any(word in name for word in ('hip', 'knee', 'ankle', 'foot', 'toe', 'heel', 'leg', 'back_'))
            colours.append(_SIDES[side]['small' if small else 'leg' if leg else 'arm'])
        else:
            colours.append(_OTHERS[turns.setdefault(part, len(turns)) % len(_OTHERS)])
    return colours


def bones(layout: Layout) -> list[tuple[int, int, Colour]]:
    """What to draw: (child, parent, colour) of every bone, then of every other link.

    A bone has its child's colour, but those that tie arms, legs and head together (collar bones, hips, the long sides
    of a COCO trunk) are the trunk's.
    """
    colours = joint_colours(layout)
    part_of = {joint: part for part, joints in layout.parts.items() for joint in joints}
    limbs = {tones[part] for tones in _SIDES.values() for part in ('arm', 'leg')}

    def colour(child: int, parent: int) -> Colour:
        ties = part_of.get(child) != part_of.get(parent) and colours[child] in limbs
        return _MIDDLE if ties else colours[child]

    return ([(child, parent, colour(child, parent)) for child, parent in layout.edges]
            + [(a, b, _MIDDLE) for a, b in layout.links])


def css(colour: Colour) -> str:
    """``'#1d2530'`` of a colour."""
    return '#{:02x}{:02x}{:02x}'.format(*colour)


def cell_colour(share: float, correct: bool) -> Colour:
    """The colour of a confusion matrix cell that holds a share in [0, 1] of its row's clips.

    From white to blue on the diagonal, to red elsewhere; the power raises small shares, so that a few mistakes are
    visible.
    """
    weight = share**.65
    return tuple(round(a + (b - a) * weight) for a, b in zip(PAPER, CORRECT_CELL if correct else MISTAKE_CELL))


def readable_on(colour: Colour) -> Colour:
    """White or ink, whichever reads better on a colour."""
    red, green, blue = colour
    return PAPER if .299 * red + .587 * green + .114 * blue < 140 else INK
