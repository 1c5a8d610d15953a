"""CTR-GCN's card. Figures: paper, and the model zoo of PYSKL, whose form of the network ours is."""
from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, ModelCard, Official, Paper, Published, Reference

PYSKL = "PYSKL's model zoo"
FOUR = '4: joint, bone, motion of both'

CTR_GCN = ModelCard(
    name='ctr_gcn',
    title='CTR-GCN',
    summary='A learned graph, refined in every channel by how alike the joints of the clip are there; five-frame '
            'convolutions of two dilations over time.',
    paper=Paper(
        title='Channel-wise Topology Refinement Graph Convolution for Skeleton-Based Action Recognition',
        authors='Y. Chen, Z. Zhang, C. Yuan, B. Li, Y. Deng, W. Hu', venue='ICCV', year=2021, arxiv='2107.12213'),
    official=Official(
        repository='https://github.com/Uason-Chen/CTR-GCN', code_licence=NOT_STATED, weights_licence=NOT_STATED,
        weights=('NTU120 X-Sub, four streams', 'of PYSKL (Apache-2.0), read by mmskel convert pyskl: NTU60 and NTU120, '
                 '2-D and 3-D, four streams each'),
        convert='mmskel convert ctr_gcn ctrgcn_ntu120_xsub.pt ctrgcn_ntu120.pth'),
    backbone='CTRGCN',
    reference=Reference(
        arguments=dict(layout='ntu25', in_channels=3, num_person=2), num_classes=60, input_shape=(2, 100, 25, 3),
        parameters=1_446_672, gmacs=3.14,
        gmacs_of='the plain form: convolutions and graph products, no norm layers'),
    layouts=ANY_LAYOUT,
    published_layouts=('ntu25', 'kinect20', 'coco17'),
    config='ctrgcn/ctrgcn_ntu60_2d.py',
    notes="PYSKL's network by default, whose temporal modules end with a ReLU and whose graphs point the other way; "
          "official=True is the authors'. Weights belong to one of the two.",
    published=(
        Published('NTU60', 'X-Sub', FOUR, 92.4, 'paper, 3-D'),
        Published('NTU60', 'X-View', FOUR, 96.8, 'paper, 3-D'),
        Published('NTU120', 'X-Sub', FOUR, 88.9, 'paper, 3-D'),
        Published('NTU120', 'X-Set', FOUR, 90.6, 'paper, 3-D'),
        Published('N-UCLA', 'views 1 and 2 -> 3', FOUR, 96.5, 'paper'),
        Published('NTU60', 'X-Sub', FOUR, 93.6, f'{PYSKL}, 2-D'),
        Published('NTU60', 'X-Sub', 'joint', 90.6, f'{PYSKL}, 2-D'),
        Published('NTU60', 'X-Sub', 'joint', 89.6, f'{PYSKL}, 3-D'),
        Published('NTU120', 'X-Sub', FOUR, 86.6, f'{PYSKL}, 2-D'),
        Published('NTU120', 'X-Sub', FOUR, 88.1, f'{PYSKL}, 3-D')))
