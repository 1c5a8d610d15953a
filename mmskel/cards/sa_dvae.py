"""SA-DVAE's card."""
from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, ModelCard, Official, Paper, Published, Reference

# (data, seen and unseen classes, streams or network) -> accuracy on unseen classes, harmonic mean of both kinds
REACHED = {
    ('NTU60', '55/5', 'joint'): (82.37, 66.27),
    ('NTU60', '48/12', 'joint'): (41.38, 42.56),
    ('NTU120', '110/10', 'joint'): (68.77, 60.42),
    ('NTU120', '96/24', 'joint'): (46.12, 44.50),
    ('NTU60', '55/5 at random', 'ST-GCN'): (84.20, 75.27),
    ('NTU120', '110/10 at random', 'ST-GCN'): (50.67, None),
    ('PKU-MMD', '46/5 at random', 'ST-GCN'): (66.54, None)}

SA_DVAE = ModelCard(
    name='sa_dvae',
    title='SA-DVAE',
    summary='Zero-shot: two small variational autoencoders align the features of any recogniser with texts, so that '
            'classes without clips can be named.',
    paper=Paper(
        title='SA-DVAE: Improving Zero-Shot Skeleton-Based Action Recognition by Disentangled Variational Autoencoders',
        authors='S.-W. Li, Z.-X. Wei, W.-J. Chen, Y.-H. Yu, C.-Y. Yang, J. Y.-j. Hsu', venue='ECCV', year=2024,
        arxiv='2407.13460'),
    official=Official(
        repository='https://github.com/pha123661/SA-DVAE', code_licence='MIT', weights_licence=NOT_STATED,
        weights=('none that we know of; features, texts and splits are a download', ),
        convert='mmskel convert sa_dvae RESULTS_FOLDER sa_dvae.pth'),
    backbone='SADVAE',
    reference=Reference(
        arguments=dict(skeleton_channels=256, text_channels=1024, semantic_channels=160, style_channels=8),
        num_classes=5, input_shape=(256, ), parameters=622_480, gmacs=0.000087,
        gmacs_of='skeleton encoder and classifier of the unseen classes; parameters: of the four halves'),
    layouts=ANY_LAYOUT,
    published_layouts=('ntu25', ),
    config='zeroshot/sadvae_custom.py',
    notes='An aligner, not a recogniser: it takes the features of one. ZSL is the accuracy among unseen classes, GZSL '
          'the harmonic mean of seen and unseen ones. The published cycle is the best on the test clips, and the '
          'published threshold of the gate is applied to the wrong probability; the others are reported as well. '
          'The first features are of Shift-GCN, those of the random splits of ST-GCN.',
    published=tuple(Published(data, f'{split} {kind}', streams, top1, 'paper')
                    for (data, split, streams), figures in REACHED.items()
                    for kind, top1 in zip(('ZSL', 'GZSL'), figures) if top1 is not None))
