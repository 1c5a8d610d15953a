"""PYSKL's configs, which are Python, read without running them: the recogniser, and what its channels show."""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from mmskel.interop.system import ConversionError

_STREAMS = {'j': 'joint', 'b': 'bone', 'jm': 'joint_motion', 'bm': 'bone_motion'}
_GRAPHS = ('STGCN', 'AAGCN', 'CTRGCN')


def model_in_config(text: str) -> dict[str, Any]:
    """The arguments of a recogniser from the text of PYSKL's config, as ``build_published('pyskl', ...)`` takes them.

    Only literals, ``dict(...)`` and names that the file assigned before are understood, which is what PYSKL's configs
    consist of; nothing is run.

    Args:
        text: Content of the ``.py`` file, or ``meta['config']`` of a checkpoint.

    Returns:
        ``backbone``, ``cls_head``, and where the pipelines say it ``stream``.

    Raises:
        ConversionError: If the text is not Python, or has no ``model`` of these forms.
    """
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConversionError(f"pyskl: the config is not Python: {error}") from None
    known: dict[str, Any] = {}
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(target := statement.targets[0], ast.Name):
            try:
                known[target.id] = _value(statement.value, known)
            except _NotPlain:
                known.pop(target.id, None)  # only the model and the pipelines count
    model = known.get('model')
    if not isinstance(model, Mapping) or not isinstance(model.get('backbone'), Mapping):
        raise ConversionError("pyskl: the config has no 'model' with a backbone that can be read without running it")
    found = {part: dict(model[part]) for part in ('backbone', 'cls_head') if isinstance(model.get(part), Mapping)}
    if found['backbone'].get('type') in _GRAPHS:  # PYSKL's own, where tensors do not say
        found['backbone'].setdefault('down_stages', [5, 8])
    if found['backbone'].get('type') == 'STGCN':
        found['backbone'].setdefault('gcn_adaptive', 'importance')
    stream = next(filter(None, map(_stream, _steps(known))), None)
    return dict(found, stream=stream) if stream else found


class _NotPlain(Exception):
    """An expression that would have to be run."""


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        return (list if isinstance(node, ast.List) else tuple)(_value(item, known) for item in node.elts)
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {_value(key, known): _value(item, known) for key, item in zip(node.keys, node.values)}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict' and not node.args \
            and all(word.arg for word in node.keywords):
        return {word.arg: _value(word.value, known) for word in node.keywords}
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        operand = _value(node.operand, known)
        if isinstance(operand, (int, float)):
            return -operand
    raise _NotPlain


def _steps(known: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The steps of the test pipeline, or of the training's."""
    for name in ('test_pipeline', 'val_pipeline', 'train_pipeline'):
        pipeline = known.get(name)
        yield from (step for step in (pipeline if isinstance(pipeline, list) else ()) if isinstance(step, Mapping))


def _stream(step: Mapping[str, Any]) -> str | None:
    if step.get('type') == 'GenSkeFeat':
        features = step.get('feats', ['j'])
        if not isinstance(features, (list, tuple)) or len(features) != 1 or features[0] not in _STREAMS:
            raise ConversionError(f'pyskl: the network takes the features {features!r}; a recogniser of ours takes one '
                                  f'of {", ".join(_STREAMS)}')
        return _STREAMS[features[0]]
    if step.get('type') == 'GeneratePoseTarget':
        return 'limb' if step.get('with_limb', False) and not step.get('with_kp', True) else 'joint'
    return None
