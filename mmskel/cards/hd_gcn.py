"""HD-GCN's card. Figures: the paper and the official repository."""
from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, Measured, ModelCard, Official, Paper, Published, Reference

REPOSITORY, QUOTED = 'official repository', "comparison table of SkateFormer's paper"
STREAMS = ('6: joint and bone, 3 centres', '4: joint and bone, 2 centres', '2: joint and bone, 1 centre', 'joint')
# summed streams -> top-1, as in STREAMS
REACHED = {('NTU60', 'X-Sub'): (93.4, 93.0, 92.4, 90.6), ('NTU60', 'X-View'): (97.2, 97.0, 96.6, 95.7),
           ('NTU120', 'X-Sub'): (90.1, 89.8, 89.1, 85.7), ('NTU120', 'X-Set'): (91.6, 91.2, 90.6, 87.3),
           ('N-UCLA', 'views 1 and 2 -> 3'): (97.2, 96.9), ('Kinetics-Skeleton', 'val'): (40.9, )}

EPYC, XEON = ('hdgcn_nwucla', 'AMD EPYC', '2026-11-20'), ('hdgcn_nwucla_short', 'Intel Xeon', '2026-11-29')
# config, machine, date, streams, epochs, top-1 of all test clips, of the clean ones
MEASURED = ((*EPYC, 'joint', '20', 92.03, 89.97), (*EPYC, 'bone', '16', 92.67, 90.79),
            (*EPYC, 'joint + bone', '20 and 16', 94.18, 92.68), (*XEON, 'joint', '18', 93.53, 91.87),
            (*XEON, 'joint', '12', 92.67, 91.06), (*XEON, 'bone', '12', 93.53, 91.87),
            (*XEON, 'joint + bone', '18 and 12', 94.40, 92.95), (*XEON, 'joint + bone', '12', 95.26, 94.04))

HD_GCN = ModelCard(
    name='hd_gcn',
    title='HD-GCN',
    summary='Graph convolution over rings of joints around a centre, neighbouring rings fully linked, with attention '
            'over the rings.',
    paper=Paper(
        title='Hierarchically Decomposed Graph Convolutional Networks for Skeleton-Based Action Recognition',
        authors='J. Lee, M. Lee, D. Lee, S. Lee', venue='ICCV', year=2023, arxiv='2208.10741'),
    official=Official(
        repository='https://github.com/Jho-Yonsei/HD-GCN', code_licence='MIT', weights_licence=NOT_STATED,
        weights=('NTU60 and NTU120, on Google Drive; none for N-UCLA and Kinetics', ),
        convert='mmskel convert hd_gcn CHECKPOINT hd_gcn_ntu.pth'),
    backbone='HDGCN',
    reference=Reference(
        arguments=dict(layout='ntu25', centre=0, in_channels=3, num_person=2), num_classes=60,
        input_shape=(2, 64, 25, 3), parameters=1_659_980, gmacs=1.82,
        gmacs_of='convolutions, adjacency products and distances, no norm layers'),
    layouts=ANY_LAYOUT,
    published_layouts=('ntu25', 'kinect20'),
    config='hdgcn/hdgcn_nwucla.py',
    notes='Published results sum the scores of several trainings: joint and bone for each of three centre joints.',
    published=tuple(
        Published(data, split, streams, top1, REPOSITORY if streams.startswith('6') else QUOTED)
        for (data, split), accuracies in REACHED.items() for streams, top1 in zip(STREAMS, accuracies)),
    ours=tuple(
        Measured(f'hdgcn/{config}.py', 'N-UCLA', 'views 1 and 2 -> 3', streams, top1, clean, f'{epochs} of 5 passes', 0,
                 f'2 CPU cores ({cpu}), bfloat16', date)
        for config, cpu, date, streams, epochs, top1, clean in MEASURED))
