"""PoseC3D's published SlowOnly against MMAction2's stock config: equal results first, then clips per second and steps.

    python tools/benchmarks/posec3d.py [--threads 2] [--rounds 7] [--clips 200] [--batch 4]

Loading: clips per second that reach the network as volumes in training, two loader workers each. MMAction2's workers
draw the volumes and send them; ours send joints, and the encoder draws in the main process. Step: loss, backward pass
and SGD's step from a batch as the loader hands it over, so ours includes drawing. Both run in turn within one process.
Clips are made up: NTU's 2-D shape, one or two persons.
"""
import argparse
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from measure import compare  # beside this file
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

import mmskel  # noqa: F401  (repairs the stack before MMAction2 is imported)

from mmaction.registry import DATASETS, MODELS  # isort: skip
from mmengine.hub import get_config  # isort: skip
from mmengine.registry import init_default_scope  # isort: skip
from mmskel.data.annotation_file import save_annotation_file
from mmskel.skeleton import Clip

CONFIGS = dict(mmaction2='mmaction::skeleton/posec3d/slowonly_r50_8xb16-u48-240e_ntu60-xsub-keypoint.py',
               mmskel='mmskel::posec3d/posec3d_ntu60_2d.py')


def made_up_clips(path, count):
    """An annotation file of 2-D clips: persons of about 500 pixels who move, noisy joints that are seldom missing."""
    rng = np.random.default_rng(0)
    clips = []
    for i in range(count):
        persons, frames = 1 + (i % 3 == 0), int(rng.integers(60, 120))
        place = rng.uniform((700, 500), (1200, 600), (persons, 1, 1, 2))
        walk = np.cumsum(rng.normal(0, 2, (persons, frames, 1, 2)), 1)
        body = rng.normal(0, 1, (persons, 1, 17, 2)) * (60, 120)
        keypoint = place + walk + body + rng.normal(0, 2, (persons, frames, 17, 2))
        score = rng.uniform(0.3, 1, keypoint.shape[:3])
        missing = rng.random(score.shape) < 0.01
        keypoint[missing], score[missing] = 0, 0
        clips.append(Clip(f'c{i}', keypoint, score, layout='coco17', image_size=(1080, 1920), label=i % 60))
    ids = [clip.id for clip in clips]
    save_annotation_file(path, clips, dict(xsub_train=ids, xsub_val=ids), dict(layout='coco17'))


def datasets(configs, path, part):
    """Both data sets, of the configs' own training or validation pipeline."""
    found = []
    for config in configs.values():
        data = config[f'{part}_dataloader'].dataset.copy()
        data = data.dataset.copy() if data.type == 'RepeatDataset' else data
        data.ann_file = str(path)
        data.pop('repeat', None)
        found.append(DATASETS.build(data))
    return found


def batches(loader, model):
    """What the network sees, batch by batch."""
    for batch in loader:
        yield model.data_preprocessor(batch, training=True)


def rate(dataset, model):
    """Clips per second through two workers, once they have started."""
    loader = DataLoader(dataset, batch_size=16, num_workers=2, collate_fn=pseudo_collate, persistent_workers=True)
    for _ in batches(loader, model):
        pass
    start = time.perf_counter()
    for _ in batches(loader, model):
        pass
    return len(dataset) / (time.perf_counter() - start)


def step(model, optimizer, batch):
    """A training step from what the loader hands over; returns the loss."""
    optimizer.zero_grad(set_to_none=False)
    data = model.data_preprocessor(batch, training=True)
    loss = model(**data, mode='loss')['loss_cls']
    loss.backward()
    optimizer.step()
    return loss.detach()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--clips', type=int, default=200, help='of the made-up file')
    parser.add_argument('--batch', type=int, default=4, help='clips of a step')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    init_default_scope('mmaction')
    configs = {name: get_config(config) for name, config in CONFIGS.items()}
    models = [MODELS.build(config.model) for config in configs.values()]
    models[0].init_weights()
    models[1].load_state_dict(models[0].state_dict())
    for model in models:
        model.cls_head.dropout.p = 0.  # so that the losses can be compared
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'clips.pkl'
        made_up_clips(path, args.clips)
        checked = datasets(configs, path, 'val')
        for i in range(0, len(checked[0]), 16):
            theirs, ours = (model.data_preprocessor(pseudo_collate([part[j] for j in range(i, min(i + 16, len(part)))]))
                            for model, part in zip(models, checked))
            torch.testing.assert_close(ours['inputs'], theirs['inputs'], rtol=0, atol=1e-5)
        print(f'{args.clips} clips: all validation volumes equal (1e-5)')
        rates = [[], []]
        for _ in range(args.rounds):
            for taken, part, model in zip(rates, datasets(configs, path, 'train'), models):
                taken.append(rate(part, model))
        for name, values in zip(configs, rates):
            print(f'{name:>10}: {statistics.median(values):7.1f} clips/s ({min(values):.1f} to {max(values):.1f})')
        ratios = [b / a for a, b in zip(*rates)]
        print(f'{"ratio":>10}: {statistics.median(ratios):7.2f} ({min(ratios):.2f} to {max(ratios):.2f})')
        pair = [pseudo_collate([part[j] for j in range(args.batch)]) for part in checked]
    runs = {}
    for name, model, batch in zip(configs, models, pair):
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0., momentum=0.9)
        runs[name] = partial(step, model, optimizer, batch)
    theirs, ours = (run().item() for run in runs.values())
    assert abs(ours - theirs) < 1e-5 * abs(theirs), f'losses differ: {theirs} and {ours}'
    print(f'losses equal within {abs(ours / theirs - 1):.0e}; {args.threads} threads, PyTorch {torch.__version__}, '
          f'{args.rounds} rounds; median [quartiles] in ms')
    compare(f'training step, {args.batch} x 17 x 48 x 64 x 64', runs, models, args.rounds)


if __name__ == '__main__':
    main()
