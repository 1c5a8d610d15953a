"""STC-Net's card."""
from mmskel.cards.card import ANY_LAYOUT, ModelCard, Official, Paper, Published, Reference

PAPER = 'paper, as later papers quote it'
REACHED = {('NTU60', 'X-Sub'): 93.0, ('NTU60', 'X-View'): 97.1, ('NTU120', 'X-Sub'): 89.9, ('NTU120', 'X-Set'): 91.3,
           ('N-UCLA', 'views 1 and 2 -> 3'): 97.2}

STC_NET = ModelCard(
    name='stc_net',
    title='STC-Net',
    summary='Graph convolution with dilated kernels, and curves through the joints of neighbouring frames that are '
            'most alike.',
    paper=Paper(
        title='Leveraging Spatio-Temporal Dependency for Skeleton-Based Action Recognition',
        authors='J. Lee, M. Lee, S. Cho, S. Woo, S. Jang, S. Lee', venue='ICCV', year=2023, arxiv='2212.04761'),
    official=Official(
        repository='https://github.com/Jho-Yonsei/STC-Net', code_licence='MIT', weights_licence='none were released',
        weights=('none: the repository holds a README and a licence, no code', ),
        convert='mmskel convert stc_net CHECKPOINT stc_net.pth'),
    backbone='STCNet',
    reference=Reference(
        arguments=dict(layout='ntu25', in_channels=3, num_person=2), num_classes=60, input_shape=(2, 64, 25, 3),
        parameters=1_480_384, gmacs=1.98,
        gmacs_of='ours: convolutions, adjacency products and distances, no norm layers; the paper says 1.88, and '
                 '1.46 M parameters'),
    layouts=ANY_LAYOUT,
    published_layouts=('ntu25', 'kinect20', 'openpose18'),
    config='stcnet/stcnet_nwucla.py',
    notes="Written from the paper's description: the authors released no code. Do not mistake its numbers for theirs.",
    published=tuple(Published(data, split, '4: joint, bone, motion of both', top1, PAPER)
                    for (data, split), top1 in REACHED.items()))
