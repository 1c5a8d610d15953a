# MP-GCN on composed scenes, in which who has the ball and with whom is all that tells the classes apart: what its links
# between persons, its object and its early fusion of persons are worth (docs/mp_gcn.md, "Do the links matter?").
# Measured 2026-11-29, --epochs 15, seeds 0 to 2, a core of an Intel Xeon each, mean top-1: no_masks 92.08 %,
# no_masks_no_links 45.83 %, alone 50.33 %, no_ball 25.08 %. The whole schedule was not trained.
# Members: the whole graph; without links between persons; both of these without masks that learn, so that a person's
# place in the file tells nothing; without the ball; every person a graph of its own, pooled in the end; the same
# without the ball.
_base_ = ['../_base_/datasets/group_scenes.py', '../_base_/models/mpgcn.py', '../_base_/schedules/mpgcn.py']

model = dict(
    data_preprocessor=dict(streams=('bone', ), normalized=True),
    backbone=dict(streams=1, corrected=True, base=('left_hand', 'right_hand'), base_channels=16),
    cls_head=dict(in_channels=64))

without_ball = {
    'model.data_preprocessor.objects': (), 'model.backbone.objects': (),
    **{f'{part}_dataloader.dataset.pipeline.1.names': () for part in ('train', 'val', 'test')}}
fixed = {'model.backbone.edge_importance': False}
unlinked = {'model.backbone.inter_link': 'off'}
per_person = {'model.backbone.num_person': 1, 'model.backbone.labeling': 'spatial'}
members = dict(
    whole=dict(),
    no_links=dict(options=unlinked),
    no_masks=dict(options=fixed),
    no_masks_no_links=dict(options={**fixed, **unlinked}),
    no_ball=dict(options=without_ball),
    alone=dict(options=per_person),
    alone_no_ball=dict(options={**per_person, **without_ball}))
