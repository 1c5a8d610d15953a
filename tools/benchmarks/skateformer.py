"""SkateFormer against its plain form (``tests/reference/skateformer.py``): equal results first, then time and memory.

    python tools/benchmarks/skateformer.py [--threads 2] [--rounds 11] [--batches 2 8] [--own-processes]

NTU shape: M = 2, T = 64, 24 joints, 60 classes, the published dropout and stochastic depth in training. Both run in
turn within one process, per round one pass of each, so that whatever else the machine does hits both. The process keeps
freed memory: what has been freed before would otherwise decide how many pages a pass requests from the kernel, which
makes one of the plain form up to twice as long. ``--own-processes``: each as whoever uses it would run it, the plain
form under malloc's defaults, ours as in an ``mmskel`` command, which keeps freed memory; the allocator's share is in
that ratio. Memory: what autograd and the pass itself hold at the most, from PyTorch's own record of allocations,
parameters and their gradients not counted.
"""
import argparse
import multiprocessing
import sys
from functools import partial
from pathlib import Path

import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests'))

from measure import compare, forward, peak_bytes, race, report, step  # noqa: E402  (beside this file)
from reference.skateformer import SkateFormerReference  # noqa: E402

import mmskel  # noqa: E402,F401
from mmskel.commands.memory import keep_freed_memory  # noqa: E402
from mmskel.interop import build_published  # noqa: E402

SIZES = dict(type_1_size=(8, 8), type_2_size=(8, 12), type_3_size=(8, 8), type_4_size=(8, 12))


def models(**options):
    """The plain model and ours with the same weights."""
    arguments = dict(num_classes=60, num_people=2, num_points=24, **SIZES, **options)
    plain = SkateFormerReference(**arguments)
    for module in plain.modules():  # the published std of 0.02 would hide biases and G-Conv from the check
        for name, table in module.named_parameters(recurse=False):
            if 'table' in name or name in ('gconv', 'joint_person_embedding'):
                torch.nn.init.normal_(table, 0, 0.3)
    return plain, build_published('skateformer', arguments, plain.state_dict())


def batch(clips):
    """Coordinates, times and labels."""
    return torch.randn(clips, 3, 64, 24, 2), torch.rand(clips, 64).sort(1)[0] * 2 - 1, torch.randint(0, 60, (clips, ))


def check():
    """Logits and gradients in float64, without randomness; before that, logits as they are timed."""
    pair = models(attn_drop=0., drop_path=0.)
    x, time, label = batch(2)
    with torch.no_grad():
        logits, own = (model.eval()(x, time) for model in pair)
    error = (own - logits).abs().max() / logits.abs().max()
    assert error < 1e-5, f'results differ by {error:.1e}'
    print(f'without gradients: logits equal within {error:.0e} (float32)')
    plain, ours = (model.double() for model in pair)
    for mode in (False, True):
        found = []
        for model in (plain, ours):
            model.train(mode).zero_grad()
            logits = model(x.double(), time.double())
            functional.cross_entropy(logits, label).backward()
            found.append(logits.detach())
        gradients = ours.published_gradients()
        errors = [(found[1] - found[0]).abs().max() / found[0].abs().max()]
        errors += [(gradients[key] - p.grad).abs().max() / p.grad.abs().max().clamp(min=1e-3)
                   for key, p in plain.named_parameters()]
        assert max(errors) < 1e-9, f'results differ by {max(errors):.1e}'
        print(f'{"training" if mode else "evaluation"}: logits equal within {errors[0]:.0e}, gradients within '
              f'{max(errors[1:]):.0e} (float64)')


def passes(clips, train):
    """(model, its pass) of the plain form and of ours."""
    pair = models()
    x, time, label = batch(clips)
    for model in pair:
        model.train(train)
    return [(model, partial(step, model, x, time, label=label) if train else partial(forward, model, x, time))
            for model in pair]


def serve(which, clips, train, threads, pipe):
    """The process of one model: a pass for every request, or the memory that one takes."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if which:
        keep_freed_memory()
    model, run = passes(clips, train)[which]
    for request in iter(pipe.recv, None):
        pipe.send(peak_bytes(run, model) if request == 'peak' else run())


def compare_processes(name, clips, train, threads, rounds):
    """Like :func:`measure.compare`, each in a process of its own."""
    context, workers, pipes = multiprocessing.get_context('spawn'), [], []
    for which in range(2):
        here, there = context.Pipe()
        workers.append(context.Process(target=serve, args=(which, clips, train, threads, there), daemon=True))
        workers[-1].start()
        pipes.append(here)

    def ask(pipe, request):
        pipe.send(request)
        return pipe.recv()
    times = race([partial(ask, pipe, 'pass') for pipe in pipes], rounds)
    report(name, ('plain', 'ours'), times, [ask(pipe, 'peak') for pipe in pipes])
    for pipe, worker in zip(pipes, workers):
        pipe.send(None)
        worker.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=11)
    parser.add_argument('--batches', type=int, nargs='+', default=[2, 8])
    parser.add_argument('--own-processes', action='store_true')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    if not args.own_processes:
        keep_freed_memory()
    check()
    print(f'{args.threads} threads, {"a process each" if args.own_processes else "one process"}, PyTorch '
          f'{torch.__version__}, {args.rounds} rounds; median [quartiles] in ms')
    for clips in args.batches:
        for name, train in (('forward (eval)', False), ('step with dropout (train)', True)):
            name = f'N = {clips}, {name}'
            if args.own_processes:
                compare_processes(name, clips, train, args.threads, args.rounds)
            else:
                (plain, theirs), (ours, own) = passes(clips, train)
                compare(name, dict(plain=theirs, ours=own), (plain, ours), args.rounds)


if __name__ == '__main__':
    main()
