"""SKEL: a biomechanical skeleton of 24 joints and 46 angles inside SMPL's skin.

M. Keller, K. Werling, S. Shin, S. Delp, S. Pujades, C. K. Liu, M. J. Black, "From Skin to Skeleton: Towards
Biomechanically Accurate 3D Digital Humans", ACM Transactions on Graphics 42(6), 2023, arXiv 2509.06607; code:
github.com/MarilynKeller/SKEL, non-commercial research. Written from the formulas (docs/published/skel.md); the licensed
model file is the user's own. Joints need no skin, all angles turn in one product, and the chain goes by depth.
"""
from __future__ import annotations

from math import pi
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmskel.body.errors import BodyError
from mmskel.body.model_files import SKELFile
from mmskel.body.rotations import Chain, batch_first, components_first, cross_matrix, product
from mmskel.body.skel_bones import bone_scale, posed_bones
from mmskel.body.skel_joints import ANGLE_JOINT, ANGLES, PARENTS, angle_axes
from mmskel.body.skel_shape import SPINE, SkelShape, skel_shape
from mmskel.body.skinning import blend, pose_directions, shaped_by
from mmskel.body.smpl import check_parameters

NUM_ANGLES = len(ANGLES)
# SMPL joint 1 to 23 -> anatomical joint whose rotation its pose offsets follow, -1: none
_OFFSETS_OF = (6, 1, 11, 7, 2, 12, 9, 4, -1, 10, 5, -1, 19, 14, 13, 20, 15, 21, 16, 23, 18, -1, -1)
_FOLLOWED = [joint for joint in _OFFSETS_OF if joint >= 0]
_FEATURES = [9 * row + entry for row, joint in enumerate(_OFFSETS_OF) if joint >= 0 for entry in range(9)]
_ANKLES, _HEELS = [3, 8], [4, 9]
# joints by their number of angles, and the first, second and third angle of each
_DEGREES = [ANGLE_JOINT.count(joint) for joint in range(24)]
_BY_DEGREE = sorted(range(24), key=lambda joint: _DEGREES[joint])
_SLOTS = [[ANGLE_JOINT.index(joint) + slot for joint in _BY_DEGREE if _DEGREES[joint] > slot] for slot in range(3)]
# shoulder blade: joint, abduction, elevation, side
SCAPULAE = ((14, 26, 27, 1.), (19, 36, 37, -1.))
BENDING, EXTENSION = [17, 20, 23], [18, 21, 24]


class SKELOutput(NamedTuple):
    """Everything :meth:`SKEL.forward` computes; None for what was not asked for.

    Args:
        joints: (B, 24, 3) anatomical joint centres.
        joints_ori: (B, 24, 3, 3) axes of the bones in the world.
        joints_tpose: (B, 24, 3) joints at rest.
        bone_orientation: (B, 24, 3, 3) axes of the bones at rest.
        skin_verts: (B, V, 3) skin.
        v_shaped: (B, V, 3) skin at rest.
        pose_offsets: (B, V, 3) offsets that the pose adds to the skin at rest.
        skel_verts: (B, K, 3) bones.
        bone_scale: (B, 24, 3) scale of each bone along its own axes.
    """
    joints: Tensor
    joints_ori: Tensor
    joints_tpose: Tensor
    bone_orientation: Tensor
    skin_verts: Tensor | None = None
    v_shaped: Tensor | None = None
    pose_offsets: Tensor | None = None
    skel_verts: Tensor | None = None
    bone_scale: Tensor | None = None


class SKEL(nn.Module):
    """A body of one SKEL file.

    Args:
        body: Content of the file, see :func:`~mmskel.body.load_body`.
        published_gradient: Whether the pose offsets pass the gradient of a heel on to its ankle as well, as the
            published code does by an assignment to one place twice (docs/published/skel.md, D3). Values are the same.

    Example:
        >>> import torch
        >>> from mmskel.body import SKEL, tube_body
        >>> body = SKEL(tube_body('skel'))
        >>> angles = torch.zeros(100, 46)
        >>> body.joints(angles, torch.zeros(1, 10)).shape, body(angles, torch.zeros(1, 10)).skin_verts.shape
        (torch.Size([100, 24, 3]), torch.Size([100, 414, 3]))
    """

    def __init__(self, body: SKELFile, published_gradient: bool = False):
        super().__init__()
        self.published_gradient = published_gradient
        if body.parents != PARENTS:
            raise BodyError(f"'{body.name}': the tree of the bones is {body.parents}; expected {PARENTS}")
        self.name, self.chain, self.has_bones = body.name, Chain(PARENTS), body.bone_template is not None
        axes = torch.as_tensor(angle_axes(), dtype=torch.float32)
        # L = A^T Rot(axis) A turns about A^T axis: the A pose goes into the axes once
        a_rot = torch.as_tensor(body.a_pose[list(ANGLE_JOINT), :3, :3])
        directions = pose_directions(body.posedirs)[_FEATURES]
        buffers = dict(
            template=body.template, faces=body.faces, shapedirs=body.shapedirs, joint_regressor=body.joint_regressor,
            weights=body.weights, frames=body.bone_frames, a_pose=body.a_pose, posedirs=directions,
            axes=axes, turns=a_rot.mT @ cross_matrix(axes) @ a_rot, lengths=axes.norm(dim=-1))
        if self.has_bones:
            buffers.update(bone_template=body.bone_template, bone_faces=body.bone_faces,
                           bone_weights=body.bone_weights, bone_owner=body.bone_owner)
        for key, value in buffers.items():
            self.register_buffer(key, torch.as_tensor(value), persistent=False)
        for key, index in zip(('first', 'second', 'third', 'by_joint', 'followed'),
                              (*_SLOTS, [_BY_DEGREE.index(joint) for joint in range(24)], _FOLLOWED)):
            self.register_buffer(key, torch.tensor(index), persistent=False)
        self.register_buffer('joint_template', self.joint_regressor @ self.template, persistent=False)
        self.register_buffer('joint_dirs', torch.einsum('jv,vck->jck', self.joint_regressor, self.shapedirs),
                             persistent=False)

    def shape(self, betas: Tensor, dJ: Tensor | None = None) -> SkelShape:
        """The constants of a shape, to be passed in place of ``betas`` when it stays the same.

        Args:
            betas: (B, 10) or (1, 10).
            dJ: (B, 24, 3) offsets of the joints at rest, metres; default: none.
        """
        joints = shaped_by(self.joint_template, self.joint_dirs, betas)
        return skel_shape(joints if dJ is None else joints + dJ, self.frames, self.a_pose)

    def joints(self, poses: Tensor, betas: Tensor | SkelShape, trans: Tensor | None = None,
               dJ: Tensor | None = None) -> Tensor:
        """The joints without skin: the fast path.

        Args:
            poses: (B, 46) angles in radians, in the order of ``ANGLES``.
            betas: (B, 10) or (1, 10), or the shape of it.
            trans: (B, 3) translation, metres; default: none.
            dJ: (B, 24, 3) offsets of the joints at rest; default: none.

        Returns:
            (B, 24, 3).

        Raises:
            BodyError: If a shape is wrong.
        """
        shape = self._shape_of(poses, betas, trans, dJ)
        joints = self.chain(self.rotations(poses, shape), self.offsets(poses, shape))[1].permute(2, 1, 0)
        return joints if trans is None else joints + trans[:, None]

    def forward(self, poses: Tensor, betas: Tensor, trans: Tensor | None = None, dJ: Tensor | None = None,
                skin: bool = True, bones: bool = False) -> SKELOutput:
        """Joints, bone axes, skin and, on request, bones.

        Args:
            poses, betas, trans, dJ: See :meth:`joints`.
            skin: Whether to compute the skin.
            bones: Whether to compute the mesh of the bones.

        Raises:
            BodyError: If a shape is wrong, or the file has no bones or not the whole skin that their scales need.
        """
        check_parameters(poses, betas, trans, NUM_ANGLES)
        betas = _one_if_equal(betas)
        shape = self._shape_of(poses, betas, trans, dJ)
        batch, rotations = len(poses), self.rotations(poses, shape)
        world, joints = self.chain(rotations, self.offsets(poses, shape))
        if trans is not None:
            joints = joints + trans.T[:, None]
        more = {}
        if skin or bones:
            shaped = shaped_by(self.template, self.shapedirs, betas)
        if skin:
            offsets = self.pose_offsets(rotations)
            more.update(v_shaped=shaped.expand(batch, -1, -1), pose_offsets=offsets.mT,
                        skin_verts=blend(self.weights, world, joints, shape.joints, shaped, offsets))
        if bones:
            if not self.has_bones:
                raise BodyError(f"'{self.name}' has no mesh of the bones; leave bones=True out")
            scale = bone_scale(shape.offsets, self.a_pose[:, :3, 3], shaped, self.template)
            points = posed_bones(self.bone_template, self.bone_weights, self.bone_owner, scale, shape, world, joints)
            more.update(skel_verts=points, bone_scale=scale.expand(batch, -1, -1))
        axes = product(world, components_first(shape.orientation))
        return SKELOutput(joints.permute(2, 1, 0), batch_first(axes), shape.joints.expand(batch, -1, -1),
                          shape.orientation.expand(batch, -1, -1, -1), **more)

    def local_rotations(self, poses: Tensor) -> Tensor:
        """(B, 46) -> (B, 24, 3, 3): rotation of each joint in its bone's own frame, whatever the shape."""
        a_pose = components_first(self.a_pose[None, :, :3, :3])
        turned = product(a_pose, self._joined(self._turns(poses, self.turns)))
        return batch_first(product(turned, a_pose.transpose(0, 1)))

    def pose_offsets(self, rotations: Tensor, vertices: Tensor | None = None) -> Tensor:
        """Offsets that the pose adds to the skin at rest.

        Args:
            rotations: (3, 3, 24, B) local rotations, see :meth:`rotations`.
            vertices: Indices of the vertices that are wanted; default: all.

        Returns:
            (B, 3, V).
        """
        eye = torch.eye(3, dtype=rotations.dtype, device=rotations.device)[..., None, None]
        if self.published_gradient:
            silent = torch.zeros_like(rotations)
            silent[:, :, _HEELS] = rotations[:, :, _ANKLES] - rotations[:, :, _ANKLES].detach()
            rotations = rotations + silent
        features = (rotations.index_select(2, self.followed) - eye).permute(3, 2, 0, 1).flatten(1)
        dirs = self.posedirs
        if vertices is not None:
            dirs = dirs.unflatten(1, (3, -1))[..., vertices].flatten(1)
        return (features @ dirs).unflatten(1, (3, -1))

    def _shape_of(self, poses: Tensor, betas: Tensor | SkelShape, trans: Tensor | None,
                  dJ: Tensor | None) -> SkelShape:
        if isinstance(betas, SkelShape):
            return betas
        check_parameters(poses, betas, trans, NUM_ANGLES)
        if dJ is not None and dJ.shape not in ((len(poses), 24, 3), (1, 24, 3)):
            raise BodyError(f'dJ has shape {tuple(dJ.shape)}; expected ({len(poses)}, 24, 3), metres')
        return self.shape(_one_if_equal(betas), dJ)

    def rotations(self, poses: Tensor, shape: SkelShape) -> Tensor:
        """Local rotations in SMPL's frame at rest, K A^T L A K^T, (3, 3, 24, B)."""
        if len(shape.orientation) == 1:
            return self._joined(self.each_turn(poses, shape))
        turn = components_first(shape.orientation)
        return product(product(turn, self._joined(self._turns(poses, self.turns))), turn.transpose(0, 1))

    def each_turn(self, poses: Tensor, shape: SkelShape) -> Tensor:
        """The rotation by each angle alone, in SMPL's frame at rest, (3, 3, 46, B)."""
        K = shape.orientation[:, list(ANGLE_JOINT)]
        if len(K) == 1:  # one shape: its K goes into the axes
            return self._turns(poses, K[0] @ self.turns @ K[0].mT)
        turn = components_first(K)
        return product(product(turn, self._turns(poses, self.turns)), turn.transpose(0, 1))

    def rest_axes(self, shape: SkelShape) -> Tensor:
        """Axis of each angle in SMPL's frame at rest, K A^T a, (B, 46, 3)."""
        joint = list(ANGLE_JOINT)
        return (shape.orientation[:, joint] @ self.a_pose[joint, :3, :3].mT @ self.axes[..., None])[..., 0]

    def _turns(self, poses: Tensor, turns: Tensor) -> Tensor:
        """(3, 3, 46, B) rotations by all angles about axes given as cross matrices (46, 3, 3)."""
        turn = poses.T * self.lengths[:, None]
        sine, versine = turn.sin() / self.lengths[:, None], (1 - turn.cos()) / self.lengths[:, None]**2
        eye = torch.eye(3, dtype=poses.dtype, device=poses.device)[..., None, None]
        cross, square = (one.permute(1, 2, 0)[..., None] for one in (turns, turns @ turns))
        return torch.addcmul(torch.addcmul(eye, cross, sine), square, versine)

    def _joined(self, each: Tensor) -> Tensor:
        """The rotations of each joint, multiplied in their order: (3, 3, 46, B) -> (3, 3, 24, B)."""
        first, second, third = (each.index_select(2, index) for index in (self.first, self.second, self.third))
        twice = product(second, first[:, :, -second.shape[2]:])
        thrice = product(third, twice[:, :, -third.shape[2]:])
        found = torch.cat((first[:, :, :-second.shape[2]], twice[:, :, :-third.shape[2]], thrice), 2)
        return found.index_select(2, self.by_joint)

    def offsets(self, poses: Tensor, shape: SkelShape) -> Tensor:
        """Local translations (3, 24, B): sliding shoulder blades and a bending spine move with their angles."""
        fixed = shape.offsets.permute(2, 1, 0).expand(-1, -1, len(poses))
        poses, moved = poses.T, {}
        for joint, abduction, elevation, side in SCAPULAE:
            alpha, eps = side * poses[abduction], side * poses[elevation] - pi / 4
            quarter, half = shape.width / 4, shape.height / 2
            moved[joint] = torch.stack((-side * quarter * (eps.cos() * alpha.cos() - 0.5**0.5),
                                        -half * (eps.sin() + 0.5**0.5), quarter * alpha.sin()))
        (side, up), (forth, up_too) = _arc(poses[BENDING]), _arc(poses[EXTENSION])
        spine = shape.spine.T * torch.stack((-side, up + up_too, -forth))
        moved.update(zip((joint for joint, _ in SPINE), spine.unbind(1)))
        still = torch.zeros_like(spine[:, 0])
        return fixed + torch.stack([moved.get(joint, still) for joint in range(24)], 1)


def _one_if_equal(betas: Tensor) -> Tensor:
    """(B, 10) -> (1, 10) if all rows are equal: the constants of a shape are computed once."""
    same = len(betas) > 1 and not betas.requires_grad and bool((betas == betas[:1]).all())
    return betas[:1] if same else betas


def _arc(angle: Tensor) -> tuple[Tensor, Tensor]:
    """The end of an arc of length 1 that bends by an angle: (1 - cos a) / a and sin a / a - 1; a series near 0."""
    small = angle.abs() < 1e-2
    safe = torch.where(small, torch.ones_like(angle), angle)
    square = angle * angle
    across = torch.where(small, angle / 2 * (1 - square / 12 * (1 - square / 30)), (1 - safe.cos()) / safe)
    along = torch.where(small, -square / 6 * (1 - square / 20 * (1 - square / 42)), safe.sin() / safe - 1)
    return across, along
