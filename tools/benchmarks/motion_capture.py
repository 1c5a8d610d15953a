"""Visibility and nearest-vertex map against plain transcriptions, at the size of SMPL; equal results first.

    python tools/benchmarks/motion_capture.py [--threads 1] [--rounds 3]

A wavy closed surface of 6,889 vertices and 13,612 triangles: visibility of
every sixth triangle; distance maps of 64 x 64 pixels, forward and backward.
"""
import argparse
import statistics
import sys
from pathlib import Path

import torch
from measure import race

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests'))

from reference.motion_capture import plain_nearest_map, plain_visible  # noqa: E402

from mmskel.body.capture import nearest_vertex_map, visible_vertices  # noqa: E402


def surface(rows=83, columns=83):
    """A closed tube around y with waves, 3 m away: (V, 3), (F, 3)."""
    torch.manual_seed(0)
    turn = torch.arange(columns) * 2 * torch.pi / columns
    height = torch.linspace(-0.9, 0.9, rows)[:, None]
    radius = 0.25 + 0.08 * torch.sin(7 * height) * torch.cos(3 * turn)
    points = torch.stack((radius * turn.cos(), height.expand_as(radius), 3 + radius * turn.sin()), -1).flatten(0, 1)
    row, column = torch.meshgrid(torch.arange(rows - 1), torch.arange(columns), indexing='ij')
    a, b = row * columns + column, row * columns + (column + 1) % columns
    faces = torch.stack((torch.stack((a, b, a + columns), -1), torch.stack((b, b + columns, a + columns), -1)), 2)
    return points + torch.randn_like(points) * 2e-3, faces.flatten(0, 2)


def ratio(name, runs, rounds):
    """Prints medians and their ratio."""
    plain, ours = (statistics.median(times) for times in race(runs, rounds))
    print(f'{name:24s} plain {plain:8.1f} ms   ours {ours:7.1f} ms   {plain / ours:.1f}x')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--rounds', type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    vertices, faces = surface()
    assert torch.equal(plain_visible(vertices, faces, 6), visible_vertices(vertices, faces, 6))
    print(f'{len(vertices):,} vertices, {len(faces):,} triangles, {args.threads} threads, PyTorch {torch.__version__}')
    ratio('visibility', [lambda: plain_visible(vertices, faces, 6), lambda: visible_vertices(vertices, faces, 6)],
          args.rounds)
    points = (vertices[None, :, :2] / vertices[None, :, 2:] * 90 + 31.5).requires_grad_()
    weights, gradients = torch.rand(1, 64, 64), []

    def run(function):
        points.grad = None
        found = function(points, 64, 64)
        (found * weights).sum().backward()
        return found.detach(), points.grad

    for function in (plain_nearest_map, nearest_vertex_map):
        found, gradient = run(function)
        gradients.append((found, gradient.clone()))
    for one, other in zip(*gradients):
        assert (one - other).abs().max() < 1e-4 * max(1, float(one.abs().max()))
    ratio('nearest vertex', [lambda: run(plain_nearest_map), lambda: run(nearest_vertex_map)], args.rounds)


if __name__ == '__main__':
    main()
