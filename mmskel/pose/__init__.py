"""From raw video to skeletons: decoding, detection, pose estimation, tracking and cleaning."""
