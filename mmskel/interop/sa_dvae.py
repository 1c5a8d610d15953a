"""The official SA-DVAE (github.com/pha123661/SA-DVAE) as ours: networks and training loop."""
from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmskel.files.errors import UserError
from mmskel.interop.sa_dvae_gate import PublishedGate
from mmskel.interop.system import ConversionError, Piece, PublishedModel, System
from mmskel.models.zero_shot.files import save_aligner
from mmskel.models.zero_shot.sa_dvae import SADVAE, LatentClassifier
from mmskel.models.zero_shot.sa_dvae_training import (
    LossWeights,
    SADVAETrainer,
    SADVAETraining,
    autoencoder_losses,
    weighted_sum,
)

_SIZES = ('vis_emb_input_size', 'text_emb_input_size', 'latent_size', 'i_latent_size', 'ss')
_TRAINING = ('batches_per_cycle', 'cycle_numbers', 'dis_step', 'lr')
_GATE = ('num_classes', 'seed', 'ss', 't', 'th')
_LAYERS = {'sd.model.0': 'aligner.skeleton_decoder', 'td.model.0': 'aligner.text_decoder',
           'dis.net.0': 'aligner.discriminator.hidden', 'dis.net.2': 'aligner.discriminator.out',
           'clf.model.0': 'classifier.fc'}
_HALVES = ('se', 'sd', 'te', 'td')
_LOSS_NAMES = dict(rss='skeleton', rtt='text', rst='skeleton_from_text', rts='text_from_skeleton')


class WithClassifier(nn.Module):
    """An aligner and the classifier of the unseen classes.

    Args:
        sizes: Published arguments: D, E, r, v and the number of unseen classes.
    """

    def __init__(self, sizes: Mapping[str, Any]):
        super().__init__()
        self.aligner = SADVAE(*(int(sizes[name]) for name in _SIZES[:4]))
        self.classifier = LatentClassifier(self.aligner, int(sizes['ss']))


class RecordedNoise:
    """Random numbers that were drawn in advance.

    Args:
        normal: Normal numbers, (B, 1) each, in the order of their use.
        permutations: Permutations, (B,) each, likewise.
    """

    def __init__(self, normal: Sequence[Tensor], permutations: Sequence[Tensor]):
        self._normal, self._permutations = iter(normal), iter(permutations)

    def normal(self, size: int) -> Tensor:
        """The next numbers."""
        return next(self._normal)

    def permutation(self, size: int) -> Tensor:
        """The next permutation."""
        return next(self._permutations)


class PublishedNetworks(PublishedModel):
    """Latents, reconstructions and losses of one batch, by the published names."""

    def published_parameters(self) -> int:
        """The parameters of the four halves; the published count leaves out discriminator and classifier."""
        return sum(shape.numel() for key, shape in self._shapes.items() if key.partition('.')[0] in _HALVES)


class PublishedTraining(PublishedModel):
    """The published loop; every call starts from the weights this was built from and leaves them alone.

    Args:
        arguments: Published arguments ``cycle_numbers``, ``dis_step``, ``lr``.
    """

    def __init__(self, system: System, model: nn.Module, shapes: Mapping[str, Sequence[int]],
                 arguments: Mapping[str, Any]):
        super().__init__(system, model, shapes)
        self.arguments = dict(arguments)

    def published_parameters(self) -> int:
        """None: the published part is a training, not a network."""
        return 0

    def forward(self, s: Tensor, y: Tensor, text: Tensor, eps: Tensor, perm: Tensor) -> dict[str, Tensor]:
        """All tensors after every cycle, whole and (``[:8]``) its first eight rows.

        Args:
            s: (cycles, batches, B, D) features.
            y: (cycles, batches, B) rows of ``text``.
            text: (K, E) class embeddings.
            eps: (draws, B, 1) normal numbers in the order of their use.
            perm: (draws, 2, B) permutations of the semantic and the style latents.
        """
        twin = copy.deepcopy(self.model)
        training = SADVAETraining(lr=float(self.arguments['lr']), discriminator_every=int(self.arguments['dis_step']))
        noise = RecordedNoise(eps, [one for pair in perm for one in pair])
        trainer, found = SADVAETrainer(twin.aligner, training, noise), {}
        after = PublishedModel(self.system, twin, self._shapes)
        with torch.enable_grad():
            for number, features, labels in zip(self.arguments['cycle_numbers'], s, y):
                trainer.run_cycle(((x, text[k]) for x, k in zip(features, labels)), len(features), int(number))
                for key, value in after.published_state().items():
                    found[f'out_cycle{number}_{key}'] = value
                    found[f'out_cycle{number}_{key}[:8]'] = value[:8]
        return found


def _rename(key: str, size: int) -> Sequence[Piece]:
    layer, _, leaf = key.rpartition('.')
    if leaf not in ('weight', 'bias'):
        raise KeyError(key)
    if layer in _LAYERS:
        return (Piece(f'{_LAYERS[layer]}.{leaf}'), )
    half, _, place = layer.partition('.')
    name = {'se': 'skeleton_encoder', 'te': 'text_encoder'}.get(half)
    part = {'mu.0': 0, 'logvar.0': 1}.get(place)
    if name is None or part is None:
        raise KeyError(key)
    return (Piece(f'aligner.{name}.{leaf}', (part, )), )


def _check(arguments: Mapping[str, Any], known: Sequence[str], needed: Sequence[str]) -> None:
    unknown, missing = sorted(set(arguments) - set(known)), [name for name in needed if name not in arguments]
    if unknown:
        raise ConversionError(f'sa_dvae: unknown constructor arguments {", ".join(unknown)}; known: '
                              f'{", ".join(sorted(known))}')
    if missing:
        raise ConversionError(f'sa_dvae: the constructor arguments lack {", ".join(missing)}')


def _part(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> nn.Module:
    """The networks, the training loop (arguments with ``cycle_numbers``) or, without any weights, the gate."""
    if not state:
        _check(arguments, _GATE, ('ss', ))
        return PublishedGate(arguments)
    _check(arguments, (*_SIZES, *_TRAINING), _SIZES)
    model = WithClassifier(arguments)
    complete = dict(state)
    for name, module in (('dis', model.aligner.discriminator), ('clf', model.classifier)):
        if not any(key.startswith(f'{name}.') for key in state):  # files that were never saved, or not downloaded
            complete.update(_published(name, module))
    model.load_state_dict(SA_DVAE.convert(complete, model))
    shapes = {key: value.shape for key, value in state.items()}
    if 'cycle_numbers' in arguments:
        _check(arguments, (*_SIZES, *_TRAINING), ('lr', 'dis_step'))
        return PublishedTraining(SA_DVAE, model, shapes, arguments)
    return PublishedNetworks(SA_DVAE, model, shapes)


def _published(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    """The untrained tensors of a module under the published names."""
    layers = {place.rpartition('.')[2]: name for name, place in _LAYERS.items() if name.startswith(f'{prefix}.')}
    return {f'{layers[place]}.{leaf}': getattr(module.get_submodule(place), leaf).detach()
            for place in layers for leaf in ('weight', 'bias')}


def _networks(model: WithClassifier, s: Tensor, t: Tensor, factors: Tensor, *draws: Tensor) -> dict[str, Tensor]:
    """Every output of the published step on one batch.

    Args:
        model: Aligner and classifier.
        s: (B, D) features.
        t: (B, E) embeddings of their classes.
        factors: (3,) weights of the divergences of a clip, of a text's (and of the total correlation), of the
            alignment.
        draws: Random draws: seven times (B, 1) noise: semantic, style, text; of the discriminator: semantic, style,
            text, style; then four times (B,) permutations: semantic, style; of the text, style.
    """
    aligner, noise = model.aligner, draws[:3]
    latents = aligner.latents(s, t)
    losses = autoencoder_losses(aligner, latents, s, t, noise)
    with_clip, with_text = aligner.discriminator_loss(latents, RecordedNoise(draws[3:7], draws[7:]))
    sz, isz, tz = (one.sample(numbers) for one, numbers in zip(latents, noise))
    logits = model.classifier(s)
    out = dict(zip(('smu', 'slv', 'ismu', 'islv', 'tmu', 'tlv'), (half for one in latents for half in one)))
    out.update(sz=sz, isz=isz, tz=tz, sout=aligner.decode(sz, isz), tout=aligner.decode_text(tz),
               sfromt=aligner.decode(tz, isz), tfroms=aligner.decode_text(sz),
               zsl_logits=logits, zsl_prob=logits.softmax(1))
    # the published code names minus the divergence, and subtracts it
    out.update(loss_kld_s=-losses['kl_semantic'], loss_kld_is=-losses['kl_style'], loss_kld_t=-losses['kl_text'],
               loss_tc=losses['total_correlation'], loss_dis_s=with_clip, loss_dis_t=with_text,
               loss_dis=(with_clip + with_text) / 2,
               loss_total=weighted_sum(losses, LossWeights(*(float(one) for one in factors))),
               **{f'loss_{name}': losses[ours] for name, ours in _LOSS_NAMES.items()})
    return {f'out_{key}': value for key, value in out.items()}


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return dict(type='SADVAE', **dict(zip(
        ('skeleton_channels', 'text_channels', 'semantic_channels', 'style_channels'),
        (int(arguments[name]) for name in _SIZES[:4]))))


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    needed = ('se.mu.0.weight', 'te.mu.0.weight')
    if any(key not in state for key in needed):
        raise ConversionError(f'sa_dvae: the files hold no {" and no ".join(k for k in needed if k not in state)}')
    (latent, skeleton), (semantic, text) = (state[key].shape for key in needed)
    return dict(vis_emb_input_size=skeleton, text_emb_input_size=text, latent_size=semantic,
                i_latent_size=latent - semantic, ss=1)


def published_files(folder: str | Path, cycle: int | None = None) -> dict[str, Path]:
    """The files of one cycle in a results folder of the official code: ``se_16999.pth.tar`` and the like.

    Args:
        folder: Folder that holds them.
        cycle: Number in their names (1699, 3399, ...); the largest by default.

    Returns:
        ``se``, ``sd``, ``te``, ``td`` -> path.

    Raises:
        ConversionError: If one is missing; names it.
    """
    folder = Path(folder)
    if cycle is None:
        numbers = [int(text) for path in folder.glob('se_*.pth.tar')
                   if (text := path.name.removeprefix('se_').removesuffix('.pth.tar')).isdigit()]
        if not numbers:
            raise ConversionError(f"'{folder}' has no file se_NUMBER.pth.tar; expected the folder that the official "
                                  'train.py writes its weights to')
        cycle = max(numbers)
    files = {half: folder / f'{half}_{cycle}.pth.tar' for half in _HALVES}
    for path in files.values():
        if not path.is_file():
            raise ConversionError(f"there is no '{path}'; se, sd, te and td of one cycle belong together")
    return files


def convert_folder(source: str | Path, target: str | Path, load: Callable[[Path], dict[str, Tensor]]) -> Path:
    """Writes the official files of the last cycle as one of our aligners.

    The discriminator, which the official code does not save, is untrained, and the classifier of unseen classes is
    left out: ours is trained on the texts within a second when needed.

    Args:
        source: Folder that the official ``train.py`` wrote its weights to, or one of its ``se_NUMBER.pth.tar``.
        target: File to write, ``.pth``.
        load: Function that reads a published state dict safely.

    Raises:
        ConversionError: Missing or damaged files, or files of different networks.
    """
    source = Path(source)
    number = source.name.removeprefix('se_').removesuffix('.pth.tar')
    files = published_files(source.parent, int(number)) if source.is_file() and number.isdigit() else \
        published_files(source)
    state = {f'{half}.{key}': value for half, path in files.items() for key, value in load(path).items()}
    try:
        arguments = _guess(state)
        model = _part(arguments, state).model.aligner
    except UserError as error:
        raise ConversionError(f"'{files['se'].parent}': {error}") from None
    except (ValueError, TypeError, RuntimeError) as error:  # the files may hold tensors of any shape
        said = (str(error).splitlines() or [''])[0][:200]
        raise ConversionError(f"'{files['se'].parent}': its tensors are not those of SA-DVAE: {said}") from None
    meta = dict(system='sa_dvae', published_arguments=arguments, source=files['se'].name)
    return save_aligner(target, model, _config(arguments), meta)


SA_DVAE = System('sa_dvae', _config, _rename, _networks, _guess, part=_part, convert_folder=convert_folder)
