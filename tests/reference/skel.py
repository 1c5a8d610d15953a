"""SKEL and SMPL, transcribed plainly from the papers' formulas: joint by joint, everything through the skin.

Shares no code with the package; slow on purpose. Also the plain four-stage fit, with PyTorch's L-BFGS.
"""
import math

import torch

NAMES = ('pelvis femur_r tibia_r talus_r calcn_r toes_r femur_l tibia_l talus_l calcn_l toes_l lumbar_body thorax head scapula_r '
         'humerus_r ulna_r radius_r hand_r scapula_l humerus_l ulna_l radius_l hand_l').split()
PARENT = [-1, 0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11, 12, 12, 14, 15, 16, 17, 12, 19, 20, 21, 22]
CHILD = [1, 2, 3, 4, 5, 0, 7, 8, 9, 10, 0, 12, 13, 0, 15, 16, 17, 18, 0, 20, 21, 22, 23, 0]


def euler(a, b, c):
    rx = torch.tensor([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    ry = torch.tensor([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    rz = torch.tensor([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return (rx @ ry @ rz)[:, 2].tolist()


X, Y, Z = [1, 0, 0], [0, 1, 0], [0, 0, 1]
NX, NY, NZ = [-1, 0, 0], [0, -1, 0], [0, 0, -1]
ANKLE = euler(0.175895, -0.105208, 0.0186622)
AXES = [[Z, X, Y], [Z, X, Y], [NZ], [ANKLE], [euler(-1.76818999, 0.906223, 1.8196)], [euler(-3.141589999, 0.619901, 0)],
        [Z, NX, NY], [NZ], [ANKLE], [euler(1.768189999, -0.906223, 1.8196)], [euler(-3.141589999, -0.619901, 0)],
        [X, Z, Y], [X, Z, Y], [X, Z, Y], [Y, NZ, NX], [X, Y, Z], [[0.0494, 0.0366, 0.99810825]],
        [[-0.01716099, 0.99266564, -0.11966796]], [X, NZ], [Y, Z, X], [X, Y, Z], [[-0.0494, -0.0366, 0.99810825]],
        [[0.01716099, -0.99266564, -0.11966796]], [NX, NZ]]
SLOT = [6, 1, 11, 7, 2, 12, 9, 4, None, 10, 5, None, 19, 14, 13, 20, 15, 21, 16, 23, 18, None, None]


def rotation(axis, angle):
    """Rodrigues about one axis for a batch of angles."""
    vector = angle[:, None] * torch.tensor(axis, dtype=angle.dtype)
    return exponential(vector)


def exponential(vector):
    theta = (vector.square().sum(1) + 1e-16).sqrt()[:, None, None]
    x, y, z = vector.unbind(1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).reshape(-1, 3, 3)
    return torch.eye(3, dtype=vector.dtype) + theta.sin() / theta * cross + (1 - theta.cos()) / theta**2 * (cross @ cross)


def align(a, b):
    """(3,), (B, 3) -> smallest rotations."""
    a, b = a / a.norm(), b / b.norm(dim=1, keepdim=True)
    a = a.expand_as(b)
    v, c = torch.cross(a, b, dim=1), (a * b).sum(1)
    x, y, z = v.unbind(1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).reshape(-1, 3, 3)
    return torch.eye(3, dtype=b.dtype) + cross + cross @ cross / (1 + c)[:, None, None]


def skel_forward(model, q, betas, trans):
    """Every output of the skin model; ``model``: published key -> dense tensor."""
    B = len(q)
    shaped = model['skin_template_v'] + torch.einsum('vck,bk->bvc', model['shapedirs'][..., :10], betas)
    J = torch.einsum('jv,bvc->bjc', model['J_regressor_osim'], shaped)
    P, A = model['per_joint_rot'], model['apose_rel_transfo']
    r = [J[:, 0]] + [J[:, j] - J[:, PARENT[j]] for j in range(1, 24)]
    K = []
    for j in range(24):
        if j in (0, 5, 10, 13, 18, 23):
            K.append(P[j].expand(B, 3, 3))
            continue
        b, o = r[CHILD[j]], A[CHILD[j], :3, 3]
        if j in (16, 21):
            b, o = b + r[CHILD[j + 1]], o + A[CHILD[j + 1], :3, 3]
        if j == 12:
            b = r[12]
        K.append(align(P[j] @ o, b) @ P[j])
    R, at = [], 0
    for j in range(24):
        L = torch.eye(3, dtype=q.dtype).expand(B, 3, 3)
        for axis in AXES[j]:
            L = rotation(axis, q[:, at]) @ L
            at += 1
        Aj = A[j, :3, :3]
        R.append(K[j] @ Aj.T @ L @ Aj @ K[j].transpose(1, 2))
    t = [one.clone() for one in r]
    W, H = (J[:, 19] - J[:, 14]).norm(dim=1), (J[:, 12] - J[:, 11]).norm(dim=1)

    def slide(s, alpha, eps):
        return torch.stack([-s * W / 4 * torch.cos(eps - math.pi / 4) * torch.cos(alpha), -H / 2 * torch.sin(eps - math.pi / 4),
                            W / 4 * torch.sin(alpha)], 1)
    zero = torch.zeros(B, dtype=q.dtype)
    for j, a, e, s in ((14, 26, 27, 1), (19, 36, 37, -1)):
        t[j] = t[j] + slide(s, s * q[:, a], s * q[:, e]) - slide(s, zero, zero)

    def cosine(x):
        small = x.abs() < 1e-5
        return torch.where(small, x / 2, (1 - x.cos()) / torch.where(small, torch.ones_like(x), x))

    def sine(x):
        small = x.abs() < 1e-5
        return torch.where(small, 1 - x * x / 6, x.sin() / torch.where(small, torch.ones_like(x), x))
    for j, p, b, e in ((11, 0, 17, 18), (12, 11, 20, 21), (13, 12, 23, 24)):
        bend, ext, length = q[:, b], q[:, e], (J[:, j, 1] - J[:, p, 1]).abs()[:, None]
        t[j] = t[j] + length * torch.stack([-cosine(bend), sine(bend) + sine(ext) - 2, -cosine(ext)], 1)

    def chain():
        out = []
        for j in range(24):
            G = torch.cat([torch.cat([R[j], t[j][:, :, None]], 2),
                           torch.tensor([[[0, 0, 0, 1.]]], dtype=q.dtype).expand(B, 1, 4)], 1)
            out.append(G if j == 0 else out[PARENT[j]] @ G)
        return torch.stack(out, 1)
    feature = torch.cat([(R[k] - torch.eye(3, dtype=q.dtype)).reshape(B, 9) if k is not None else torch.zeros(B, 9, dtype=q.dtype)
                         for k in SLOT], 1)
    offsets = torch.einsum('vcp,bp->bvc', model['posedirs'], feature)
    G = chain()  # for the skin, and once more for the joints, as published
    rest = torch.cat([J, torch.zeros(B, 24, 1, dtype=q.dtype)], 2)
    moved = G - torch.nn.functional.pad(G @ rest[..., None], (3, 0))
    T = torch.einsum('vj,bjmn->bvmn', model['skin_weights'], moved)
    posed = torch.cat([shaped + offsets, torch.ones(B, len(model['skin_template_v']), 1, dtype=q.dtype)], 2)
    skin = (T @ posed[..., None])[..., :3, 0] + trans[:, None]
    joints = chain()[:, :, :3, 3] + trans[:, None]
    return dict(joints=joints, skin_verts=skin, joints_tpose=J, v_shaped=shaped, pose_offsets=offsets,
                joints_ori=G[:, :, :3, :3] @ torch.stack(K, 1), bone_orientation=torch.stack(K, 1))


# stage: angles, SMPL joints whose vertices count (or, if inverted, do not), joints that count, weights, learning rate, tolerance
STAGES = (
    (range(3), (0, 3), False, range(24), (300, 0, 0), 1, 1e-4),
    ([i for i in range(3, 46) if i != 19], (0, 1, 2, 3, 6, 9, 12, 15, 16, 17), False,
     [j for j in range(24) if j not in (3, 4, 5, 8, 9, 10, 18, 23)], (600, 500, 1e-4), 0.1, 1e-7),
    (range(3, 46), (1, 2, 16, 17), True, range(24), (600, 1000, 1e-4), 0.1, 1e-7),
    (range(46), (), True, (14, 19), (600, 1000, 1e-4), 0.1, 1e-7))


def stage_loss(model, smpl_weights, stage, q, start, trans, betas, target, length):
    """Loss, terms (vertices, joints, time, pose) and masks of one stage."""
    angles, parts, inverted, joints, (wv, wj, wp), _, _ = stage
    free = torch.tensor([i in angles for i in range(46)])
    q = torch.where(free, q, start)
    near = (smpl_weights[:, list(parts)] > 0.5).any(1) if parts else torch.zeros(len(smpl_weights), dtype=torch.bool)
    chosen = ~near if inverted else near
    counted = torch.tensor([j in joints for j in range(24)])
    out = skel_forward(model, q, betas.expand(len(q), -1), trans)
    anatomical = torch.einsum('jv,bvc->bjc', model['J_regressor_osim'], target)
    verts = wv * (out['skin_verts'] - target)[:, chosen].square().sum() / (chosen.sum() * length)
    points = wj * (counted[:, None] * (out['joints'] - anatomical)).square().mean()
    pose = wp * torch.linalg.matrix_norm(q[:, 3:], 2)
    return verts + points + pose, (verts, points, torch.zeros(()), pose), (free, chosen, counted), out


def plain_fit(model, smpl_weights, smpl_poses, betas, smpl_trans, target, steps=10):
    """The published four stages on one batch of frames; returns angles, translation and the number of loss evaluations."""
    q = torch.zeros(len(target), 46)
    q[:, :3] = smpl_poses[:, :3] * torch.tensor([-1., 1., 1.])
    trans, count = smpl_trans.clone(), 0
    for number, stage in enumerate(STAGES):
        start = q.detach().clone()
        q = start.clone().requires_grad_()
        trans = trans.detach().requires_grad_(number == 0)
        optimiser = torch.optim.LBFGS([trans, q] if number == 0 else [q], lr=stage[5], max_iter=20, tolerance_change=stage[6],
                                      line_search_fn='strong_wolfe')

        def closure():
            nonlocal count
            count += 1
            optimiser.zero_grad()
            loss = stage_loss(model, smpl_weights, stage, q, start, trans, betas, target, len(target))[0]
            loss.backward()
            return loss
        for _ in range(steps):
            optimiser.step(closure)
        free = torch.tensor([i in stage[0] for i in range(46)])
        q = torch.where(free, q.detach(), start)
    return q, trans.detach(), count


def dense_model(arrays, prefix='model_'):
    """Arrays of a golden -> published key -> dense tensor."""
    model = {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
    for key in [key for key in model if key.endswith('.data')]:
        name = key[:-5]
        full = torch.zeros(*model[f'{name}.shape'].tolist())
        full[torch.from_numpy(model[f'{name}.row']).long(), torch.from_numpy(model[f'{name}.col']).long()] = \
            torch.from_numpy(model[f'{name}.data'])
        model[name] = full
    return {key: value if isinstance(value, torch.Tensor) else torch.from_numpy(value) for key, value in model.items()
            if isinstance(value, torch.Tensor) or value.dtype.kind in 'fiub'}
