"""From raw video to labels, the whole path: video -> extract -> train -> predict.

    python tools/video_to_action.py people.mp4 --out demo [pose model flags of `mmskel extract`]

People are cut out of the videos and act six classes over a blurred backdrop (`mmskel.synthetic.acted_videos`); what
follows is what one does with videos of one's own, in folders `videos/train/<class>` and `videos/test/<class>`:

    mmskel extract demo/videos demo/clips.pkl --max-persons 1
    mmskel train custom/stgcn_custom_small.py --data demo/clips.pkl --work-dir demo/train
    mmskel predict demo/videos/test --config demo/train/stgcn_custom_small.py --checkpoint demo/train/epoch_12.pth \\
        --max-persons 1 --save demo/predictions.json

The same as `mmskel demo --video ...`.
"""
import sys

from mmskel.cli import program

if __name__ == '__main__':
    sys.exit(program(['demo', '--video', *sys.argv[1:]]))
