"""``mmskel demo``: from nothing to a trained recogniser and a report, in a few minutes."""
from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from mmskel.apis.configuration import load_config
from mmskel.apis.training import describe, train

_REAL_EPOCHS = 3  # of five passes over N-UCLA's training clips each


def demo(out: str | Path = 'demo_report', data: str | Path | None = None, seed: int = 0,
         epochs: int | None = None) -> int:
    """Makes a data set (or takes N-UCLA), trains ST-GCN on it, tests it and leaves a report.

    Args:
        out: Folder of everything: annotation file, ``train`` (work dir), ``report.html`` and its pictures. What an
            earlier demo left there is replaced.
        data: N-UCLA's clips, folder or zip. Default: those below ``MMSKEL_SHARED`` if that variable is set, else
            made-up motions.
        seed: Of data and training.
        epochs: How many, instead of the config's (of three for N-UCLA: minutes, not the recipe's hour).

    Returns:
        0.
    """
    begin = time.monotonic()
    out = Path(out)
    if (out / 'clips.pkl').is_file() and (out / 'train').is_dir():  # an earlier demo's
        shutil.rmtree(out / 'train')
    data = data or _shared_clips()
    file = out / 'clips.pkl'
    if data:
        from mmskel.data.prepare import prepare
        prepare('nw_ucla', data, file)
        cfg = load_config('stgcn/stgcn_nwucla.py', data=str(file), work_dir=str(out / 'train'), seed=seed,
                          epochs=_REAL_EPOCHS if epochs is None else epochs)
        print(f'Training ST-GCN on the real N-UCLA clips, {cfg.train_cfg.max_epochs} epochs only; '
              f'for the whole recipe: mmskel train stgcn/stgcn_nwucla.py --data {file}')
    else:
        from mmskel.data.synthetic import write_motion_dataset
        made = write_motion_dataset(file, num_per_class=50, seed=seed)
        print(f'Made {len(made.annotations)} clips of {len(made.class_names)} motions: {", ".join(made.class_names)}')
        cfg = load_config('stgcn/stgcn_synthetic.py', data=str(file), work_dir=str(out / 'train'), seed=seed,
                          epochs=epochs)
    # a newcomer wants to see how far it is, not MMEngine's log; the curves are in the report
    cfg.log_level = 'WARNING'
    for hook in cfg.custom_hooks:
        if hook['type'] == 'ProgressBarHook':
            hook['always'] = True
    results = train(cfg, report_to=out)
    print(f'\n{describe(results)}\n\nLook at {out / "report.html"} ({time.monotonic() - begin:.0f} seconds in all)')
    return 0


def _shared_clips() -> Path | None:
    folder = os.environ.get('MMSKEL_SHARED')
    clips = Path(folder) / 'data' / 'nw_ucla' / 'all_sqe.zip' if folder else None
    return clips if clips and clips.is_file() else None
