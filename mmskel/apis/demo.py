"""``mmskel demo``: from nothing to a trained recogniser and a report, in a few minutes."""
from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from mmskel.apis.training import describe, train
from mmskel.apis.video_demo import DemoSize, video_demo
from mmskel.configuration import bar_instead_of_log, load_config
from mmskel.pose.models import PoseModels

_REAL_EPOCHS = 3  # of five passes over N-UCLA's training clips each


def demo(out: str | Path = 'demo_report', data: str | Path | None = None, seed: int = 0,
         epochs: int | None = None, videos: Sequence[str | Path] = (), models: PoseModels | None = None) -> int:
    """Makes a data set (or takes N-UCLA), trains ST-GCN on it, tests it and leaves a report.

    With a video and pose models it goes from video files to a labelled video, see
    :func:`~mmskel.apis.video_demo.video_demo`.

    Args:
        out: Folder of everything: annotation file, ``train`` (work dir), ``report.html`` and its images. What an
            earlier demo left there is replaced.
        data: N-UCLA's clips, folder or zip.
        seed: Seed of data and training.
        epochs: Number of epochs, instead of the config's (or of three for N-UCLA: minutes, not the recipe's hour).
        videos: Videos, folders or lists with people in them.
        models: Detector and pose model that find the skeletons in them; default: the preset ``'lightweight'``.

    Without ``data`` and ``videos`` motions are made up.

    Returns:
        0.
    """
    begin = time.monotonic()
    out = Path(out)
    if (out / 'clips.pkl').is_file() and (out / 'train').is_dir():  # an earlier demo's
        shutil.rmtree(out / 'train')
    if videos:
        size = DemoSize() if epochs is None else DemoSize(epochs=epochs)
        models = models or PoseModels().with_preset('lightweight')
        video_demo(videos, out, models, size, seed=seed)
        print(f'({time.monotonic() - begin:.0f} seconds in all)')
        return 0
    file = out / 'clips.pkl'
    if data:
        from mmskel.data.prepare import prepare
        prepare('nw_ucla', data, file)
        cfg = load_config('stgcn/stgcn_nwucla.py', data=str(file), work_dir=str(out / 'train'), seed=seed,
                          epochs=_REAL_EPOCHS if epochs is None else epochs)
        print(f'Training ST-GCN on the real N-UCLA clips, {cfg.train_cfg.max_epochs} epochs only; '
              f'for the whole recipe: mmskel train stgcn/stgcn_nwucla.py --data {file}')
    else:
        from mmskel.synthetic.motions import write_motion_dataset
        made = write_motion_dataset(file, num_per_class=50, seed=seed)
        print(f'Made {len(made.annotations)} clips of {len(made.class_names)} motions: {", ".join(made.class_names)}')
        cfg = load_config('stgcn/stgcn_synthetic.py', data=str(file), work_dir=str(out / 'train'), seed=seed,
                          epochs=epochs)
    bar_instead_of_log(cfg)
    results = train(cfg, report_to=out, overwrite=True)
    print(f'\n{describe(results)}\n\nLook at {out / "report.html"} ({time.monotonic() - begin:.0f} seconds in all)')
    return 0
