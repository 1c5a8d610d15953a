#!/usr/bin/env python3
"""Proof that this environment's OpenMMLab stack works once mmskel's repairs are installed.

    python tools/dev/stack_proof.py [--shared DIR] [--work-dir DIR]

Imports every package in one process, trains MMAction2's stock STGCN for an epoch on synthetic
clips, resumes it under torch.load's default, tests it, then detects, estimates and draws poses.
Prints one line per step; exit status 1 when a step failed. Uses the real detector and pose
weights where the shared folder has them, random ones elsewhere.
"""
from __future__ import annotations

import argparse
import contextlib
import io
import pickle
import platform
import sys
import tempfile
import time
import traceback
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ('torch', 'numpy', 'mmengine-lite', 'mmengine', 'mmcv-lite', 'mmcv', 'mmaction2',
            'mmdet', 'mmpose', 'opencv-python-headless', 'xtcocotools', 'pycocotools',
            'setuptools')
CLASSES, CLIPS, FRAMES = 3, 8, 20


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--work-dir', help='where runs are written; a temporary folder if left out')
    parser.add_argument(
        '--shared', default='shared', metavar='DIR', help='folder with weights/ and videos/ (default: shared)')
    return parser.parse_args()


def versions() -> str:
    """Names and versions of what is installed."""
    found = []
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found.append(f'{package} {metadata.version(package)}')
    return f'Python {platform.python_version()}, ' + ', '.join(found)


class Proof:
    """The steps; each is a method that returns what it saw and raises when it failed."""

    def __init__(self, work_dir: Path, shared: Path) -> None:
        self.work_dir, self.shared = work_dir, shared

    def repairs(self) -> str:
        """Install the repairs before anything else is imported."""
        import mmskel.compat
        mmskel.compat.install()
        return f'{len(mmskel.compat.REPAIRS)} taken up'

    def imports(self) -> str:
        """Import the whole stack in one process."""
        import mmaction.models  # noqa: F401
        import mmcv  # noqa: F401
        import mmdet.models  # noqa: F401
        import mmengine  # noqa: F401
        import mmpose.models  # noqa: F401
        import mmpose.visualization  # noqa: F401
        return 'mmengine, mmcv, mmaction.models, mmdet.models, mmpose.models and .visualization'

    def train(self) -> str:
        """Train the stock STGCN for one epoch."""
        runner = self._runner(max_epochs=1)
        runner.train()
        return f'{runner.iter} iterations, checkpoint {self._checkpoint(1).name}'

    def resume(self) -> str:
        """Load the checkpoint as torch.load does by default, and train one more epoch from it."""
        import torch
        torch.load(self._checkpoint(1))
        runner = self._runner(max_epochs=2)
        runner.resume(str(self._checkpoint(1)))
        start = runner.epoch
        runner.train()
        if (start, runner.epoch) != (1, 2):
            raise RuntimeError(f'resumed at epoch {start} and ended at {runner.epoch}, not 1 and 2')
        return f'from epoch {start} to {runner.epoch}'

    def test(self) -> str:
        """Evaluate the trained checkpoint."""
        runner = self._runner(max_epochs=2)
        runner.load_checkpoint(str(self._checkpoint(2)))
        accuracy = runner.test()
        return ', '.join(f'{name} {value:.2f}' for name, value in accuracy.items())

    def detect(self) -> str:
        """Find persons with RTMDet-nano."""
        import mmpose
        from mmdet.apis import inference_detector, init_detector
        from mmpose.utils import adapt_mmdet_pipeline
        config = (Path(mmpose.__file__).parent / '.mim/demo/mmdetection_cfg' /
                  'rtmdet_nano_320-8xb32_coco-person.py')
        weights = self._weights('rtmdet_nano_person_320.pth')
        detector = init_detector(str(config), weights, palette='random', device='cpu')
        adapt_mmdet_pipeline(detector.cfg)
        self.image = self._image()
        instances = inference_detector(detector, self.image).pred_instances
        self.boxes = instances.bboxes[instances.scores > 0.5].numpy()
        if weights and len(self.boxes) != 2:
            raise RuntimeError(f'{len(self.boxes)} persons found where there are two')
        return f'{len(self.boxes)} persons, {"real" if weights else "random"} weights'

    def pose(self) -> str:
        """Estimate poses: PP-TinyPose with its weights, else RTMPose-t with random ones."""
        import mmpose
        from mmengine.config import Config
        from mmpose.apis import inference_topdown, init_model
        weights = self._weights('pp_tinypose_256x192.pth')
        config = Path(mmpose.__file__).parent / (
            '.mim/configs/body_2d_keypoint/rtmpose/coco/rtmpose-t_8xb256-420e_aic-coco-256x192.py')
        config = tiny_pose_config() if weights else Config.fromfile(str(config))
        if not weights:
            config.model.backbone.init_cfg = None  # would download its weights
        self.estimator = init_model(config, weights, device='cpu')
        boxes = self.boxes if len(self.boxes) else None
        self.poses = inference_topdown(self.estimator, self.image, boxes)
        keypoints = [pose.pred_instances.keypoints.shape for pose in self.poses]
        if set(keypoints) != {(1, 17, 2)}:
            raise RuntimeError(f'keypoints have the shapes {keypoints}, not (1, 17, 2) each')
        scores = [float(pose.pred_instances.keypoint_scores.mean()) for pose in self.poses]
        if weights and min(scores) < 0.3:
            raise RuntimeError(f'keypoint scores of {scores} on a clear image')
        return (f'{len(self.poses)} x 17 keypoints, mean score {min(scores):.2f}, '
                f'{"real" if weights else "random"} weights')

    def draw(self) -> str:
        """Draw the poses with mmpose's visualizer."""
        import numpy as np
        from mmpose.structures import merge_data_samples
        from mmpose.visualization import PoseLocalVisualizer
        visualizer = PoseLocalVisualizer(backend='opencv', radius=4)
        visualizer.set_dataset_meta(self.estimator.dataset_meta)
        drawn = visualizer.add_datasample(
            'proof', self.image, merge_data_samples(self.poses), draw_gt=False, kpt_thr=0.0)
        changed = int(np.any(drawn != self.image, axis=-1).sum())
        if not changed:
            raise RuntimeError('nothing was drawn')
        return f'{changed} pixels'

    def _runner(self, max_epochs: int):
        import mmaction
        from mmengine.config import Config
        from mmengine.runner import Runner
        config = Config.fromfile(
            str(
                Path(mmaction.__file__).parent / '.mim/configs/skeleton/stgcn' /
                'stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-2d.py'))
        config.model.cls_head.num_classes = CLASSES
        config.train_cfg.max_epochs = max_epochs
        config.train_dataloader.dataset.times = 1
        for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
            loader.update(batch_size=4, num_workers=0, persistent_workers=False)
            dataset = loader.dataset.get('dataset', loader.dataset)
            dataset.ann_file = str(self._annotations())
            for transform in dataset.pipeline:
                if transform.type == 'UniformSampleFrames':
                    transform.update(clip_len=16, num_clips=1)
        config.work_dir = str(self.work_dir / 'stgcn')
        config.experiment_name = f'stack_proof_{time.time_ns()}'
        config.randomness = dict(seed=0)
        return Runner.from_cfg(config)

    def _checkpoint(self, epoch: int) -> Path:
        return self.work_dir / 'stgcn' / f'epoch_{epoch}.pth'

    def _annotations(self) -> Path:
        """Random walks of two persons with 17 keypoints, in PYSKL's format."""
        import numpy as np
        path = self.work_dir / 'clips.pkl'
        if not path.exists():
            rng = np.random.default_rng(0)
            names = [f'clip_{i}' for i in range(CLIPS)]
            steps = rng.normal(scale=3, size=(CLIPS, 2, FRAMES, 17, 2)).cumsum(axis=2)
            clips = [
                dict(
                    frame_dir=name,
                    label=i % CLASSES,
                    img_shape=(240, 320),
                    original_shape=(240, 320),
                    total_frames=FRAMES,
                    keypoint=(steps[i] + (160, 120)).astype(np.float32),
                    keypoint_score=np.ones((2, FRAMES, 17), np.float32))
                for i, name in enumerate(names)
            ]
            content = dict(split=dict(xsub_train=names, xsub_val=names), annotations=clips)
            path.write_bytes(pickle.dumps(content))
        return path

    def _weights(self, name: str) -> str | None:
        path = self.shared / 'weights' / name
        return str(path) if path.exists() else None

    def _image(self):
        """Frame 30 of a video with two persons, BGR; noise where there is no video."""
        import cv2
        import numpy as np
        path = self.shared / 'videos' / 'demo_skeleton.mp4'
        if not path.exists():
            return np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
        video = cv2.VideoCapture(str(path))
        for _ in range(30):
            video.grab()
        return video.read()[1]


def tiny_pose_config():
    """PP-TinyPose 256x192 in mmpose's terms: a LiteHRNet with plain blocks."""
    from mmengine.config import Config
    extra = dict(
        stem=dict(stem_channels=32, out_channels=32, expand_ratio=1),
        num_stages=3,
        stages_spec=dict(
            num_modules=(2, 4, 2),
            num_branches=(2, 3, 4),
            num_blocks=(2, 2, 2),
            module_type=('NAIVE', ) * 3,
            with_fuse=(True, ) * 3,
            reduce_ratios=(8, 8, 8),
            num_channels=((40, 80), (40, 80, 160), (40, 80, 160, 320))),
        with_head=True)
    model = dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(
            type='PoseDataPreprocessor',
            bgr_to_rgb=True,
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375]),
        backbone=dict(type='LiteHRNet', in_channels=3, extra=extra),
        head=dict(
            type='HeatmapHead',
            in_channels=40,
            out_channels=17,
            deconv_out_channels=None,
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=dict(
                type='UDPHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)),
        test_cfg=dict(flip_test=False))
    pipeline = [
        dict(type='LoadImage'),
        dict(type='GetBBoxCenterScale'),
        dict(type='TopdownAffine', input_size=(192, 256), use_udp=True),
        dict(type='PackPoseInputs')
    ]
    loader = dict(dataset=dict(type='CocoDataset', pipeline=pipeline))
    return Config(
        dict(default_scope='mmpose', model=model, test_dataloader=loader, train_dataloader=loader))


def main() -> int:
    """Run every step; a failed one does not stop the others."""
    args = parse_args()
    sys.path.insert(0, str(ROOT))
    print(versions(), flush=True)
    failed = []
    with tempfile.TemporaryDirectory() as temporary:
        work_dir = Path(args.work_dir or temporary)
        work_dir.mkdir(parents=True, exist_ok=True)
        proof = Proof(work_dir, Path(args.shared))
        for name in ('repairs', 'imports', 'train', 'resume', 'test', 'detect', 'pose', 'draw'):
            start, chatter = time.perf_counter(), io.StringIO()
            try:
                with contextlib.redirect_stdout(chatter), contextlib.redirect_stderr(chatter):
                    seen = getattr(proof, name)()
            except Exception:
                failed.append(name)
                seen = f'FAILED\n{chatter.getvalue()[-2000:]}{traceback.format_exc()}'
            print(f'{name:8} {time.perf_counter() - start:6.1f} s  {seen}', flush=True)
    if 'repairs' not in failed:
        import mmskel.compat
        for repair in mmskel.compat.status():
            print(f'repair   {repair.package}: {repair.name}: {repair.state}')
    print(f'FAILED: {", ".join(failed)}' if failed else 'the stack works')
    return 1 if failed else 0


if __name__ == '__main__':
    raise SystemExit(main())
