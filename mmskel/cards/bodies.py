"""The cards of body models: what SMPL and SKEL are, where their files come from, what they may be used for."""
from __future__ import annotations

from dataclasses import dataclass

from mmskel.cards.card import Paper
from mmskel.cards.text import wrapped

_RESEARCH = 'non-commercial research, after registration'


@dataclass(frozen=True)
class BodyCard:
    """A body model.

    Args:
        name: Name in :func:`mmskel.interop.build_published`.
        title: Name as in the paper.
        summary: Description in one sentence.
        homepage: Page where its files are.
        repository: URL of the authors' code.
        code_licence, file_licence: Licences of the code and of the files.
        files: Names of the files.
        pose: Parameters of a pose, in words.
        layout: Joint order of its joints.
        notes: Facts a user should know first.
    """
    name: str
    title: str
    summary: str
    paper: Paper
    homepage: str
    repository: str
    code_licence: str
    file_licence: str
    files: tuple[str, ...]
    pose: str
    layout: str
    notes: str


BODIES = {card.name: card for card in (
    BodyCard(
        name='smpl', title='SMPL',
        summary='A skinned body of 24 ball joints and 10 shape numbers, learned from scans.',
        paper=Paper(title='SMPL: A Skinned Multi-Person Linear Model',
                    authors='M. Loper, N. Mahmood, J. Romero, G. Pons-Moll, M. J. Black',
                    venue='ACM Transactions on Graphics 34(6)', year=2015, arxiv=''),
        homepage='https://smpl.is.tue.mpg.de', repository='https://github.com/vchoutas/smplx',
        code_licence=_RESEARCH, file_licence=_RESEARCH,
        files=('SMPL_MALE', 'SMPL_FEMALE', 'SMPL_NEUTRAL', '.pkl or .npz'), pose='72 numbers: axis-angle per joint',
        layout='smpl24',
        notes='For sequences of parameters: `mmskel prepare amass FOLDER OUT --model SMPL_MALE.pkl`.'),
    BodyCard(
        name='skel', title='SKEL',
        summary='A biomechanical skeleton of 24 anatomical joints and 46 angles inside SMPL\'s skin.',
        paper=Paper(title='From Skin to Skeleton: Towards Biomechanically Accurate 3D Digital Humans',
                    authors='M. Keller, K. Werling, S. Shin, S. Delp, S. Pujades, C. K. Liu, M. J. Black',
                    venue='ACM Transactions on Graphics 42(6)', year=2023, arxiv='2509.06607'),
        homepage='https://skel.is.tue.mpg.de', repository='https://github.com/MarilynKeller/SKEL',
        code_licence=_RESEARCH, file_licence=_RESEARCH, files=('skel_male.pkl', 'skel_female.pkl'),
        pose='46 clinical angles', layout='skel24',
        notes='`mmskel fit CLIPS.pkl OUT.pkl --model skel_male.pkl` fits it to 3-D skeletons; without a file it fits '
              'its kinematics on a made-up body.'))}
"""Every body model, by name."""


def body_text(card: BodyCard) -> str:
    """All that is known about a body model."""
    arxiv = f', arXiv {card.paper.arxiv}' if card.paper.arxiv else ''
    facts = {'paper': f'{card.paper.authors}, "{card.paper.title}", {card.paper.venue}, {card.paper.year}{arxiv}',
             'code': f'{card.repository} (licence: {card.code_licence})',
             'files': f'{", ".join(card.files)} from {card.homepage} (licence: {card.file_licence})',
             'pose': card.pose, 'joints': f"layout '{card.layout}'", 'note': card.notes}
    lines = [*wrapped(f'{card.title} ({card.name}), a body model: {card.summary}'), '']
    for label, fact in facts.items():
        lines += wrapped(fact, f'{label:<14}')
    return '\n'.join(lines)
