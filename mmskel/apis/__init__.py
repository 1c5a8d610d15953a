"""The public functions; the command line and ``tools/`` are thin layers over them."""


def __getattr__(name: str):
    """``from mmskel.apis import SkeletonInferencer`` without every other import paying for PyTorch."""
    if name == 'SkeletonInferencer':
        from mmskel.apis.inferencer import SkeletonInferencer
        return SkeletonInferencer
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
