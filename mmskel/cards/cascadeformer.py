"""CascadeFormer's card; see docs/published/cascadeformer.md."""
from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, ModelCard, Official, Paper, Published, Reference

# version -> NTU60 X-Sub, X-View, Penn Action, N-UCLA
REACHED = {'1.0': (81.01, 88.17, 94.66, 89.66), '1.1': (79.62, 86.86, 94.10, 91.16),
           '1.2': (80.48, 87.24, 94.10, 90.73)}
BENCHMARKS = (('NTU60', 'X-Sub'), ('NTU60', 'X-View'), ('Penn Action', 'test'), ('N-UCLA', 'views 1 and 2 -> 3'))

CASCADEFORMER = ModelCard(
    name='cascadeformer',
    title='CascadeFormer',
    summary='A transformer over frames that is pretrained by reconstructing hidden joints, without labels, and a '
            'second one stacked on it; no graph.',
    paper=Paper(
        title='CascadeFormer: A Family of Two-stage Cascading Transformers for Skeleton-based Human Action Recognition',
        authors='Y. Peng, A. Yilmaz', venue='ICPR', year=2026, arxiv='2509.00692'),
    official=Official(
        repository='https://github.com/Yusen-Peng/CascadeFormer', code_licence=NOT_STATED, weights_licence='MIT',
        weights=('versions 1.0, 1.1 and 1.2 of Penn Action, N-UCLA and NTU60, four files each and the pretrained first '
                 'transformer: huggingface.co/YusenPeng/CascadeFormerCheckpoints', ),
        convert='mmskel convert cascadeformer NUCLA_finetuned_T1.pt cascadeformer_nwucla.pth'),
    backbone='CascadeFormer',
    reference=Reference(
        arguments=dict(layout='kinect20', in_channels=3, embedding='joint_conv', joint_order='parts'), num_classes=10,
        input_shape=(1, 64, 20, 3), parameters=11_326_772, gmacs=0.71,
        gmacs_of='version 1.1 of N-UCLA: linear layers, convolutions and attention products, no decoder'),
    layouts=ANY_LAYOUT,
    published_layouts=('penn13', 'kinect20', 'ntu25'),
    config='custom/cascadeformer_custom.py',
    notes='One person per clip. Versions differ in how a frame becomes a token, an argument here. Published scores of '
          'Penn Action depend on the other clips of a batch, which is padded without a mask; padding_mask=True makes '
          'them independent. Figures of N-UCLA are those of the best epoch on the test clips.',
    published=tuple(Published(data, split, 'joint', row[place], f'paper, version {version}')
                    for place, (data, split) in enumerate(BENCHMARKS) for version, row in REACHED.items()))
