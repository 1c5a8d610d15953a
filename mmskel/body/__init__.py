"""Bodies: SMPL and SKEL as functions from parameters to joints, angles, skin. Knows no detector and no recogniser."""
from mmskel.body.errors import BodyError
from mmskel.body.model_files import SKELFile, SMPLFile, body_from_arrays, load_body, save_body
from mmskel.body.skel import SKEL, SKELOutput
from mmskel.body.skel_joints import ANGLES, JOINTS, LIMITS, PUBLISHED_LIMITS, mirror, within_limits
from mmskel.body.smpl import SMPL, SMPLOutput
from mmskel.body.tube import tube_body

__all__ = ['ANGLES', 'BodyError', 'JOINTS', 'LIMITS', 'PUBLISHED_LIMITS', 'SKEL', 'SKELFile', 'SKELOutput', 'SMPL',
           'SMPLFile', 'SMPLOutput', 'body_from_arrays', 'load_body', 'mirror', 'save_body', 'tube_body',
           'within_limits']
