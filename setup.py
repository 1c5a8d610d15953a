"""mmskel's package: the library, and configs, tools and model index under ``mmskel/.mim`` as OpenMMLab expects."""
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
MIM = {'configs': 'configs', 'tools': 'tools', 'model-index.yml': 'configs/model-index.yml'}
ZERO_SHOT = ['sentence-transformers>=3']  # text encoders of `mmskel zeroshot`; brings transformers for CLIP
# the smallest text encoder, for tests: weights inside, read without the hub (its own requirements are not needed)
READ_TEXT = ['tokenizers', 'safetensors']
BODY = ['anny==0.6.2']  # an open body for `mmskel fit`; brings warp-lang, which it can do without
STORE = ['pyarrow>=14.0.1']  # columnar stores of clips
RAY = ['ray>=2.9']  # work on a cluster
EXPORT = ['onnx', 'onnxruntime', 'onnxscript']  # of `mmskel export`


def lines(path):
    """The requirements of a file, without comments."""
    text = (ROOT / path).read_text().splitlines()
    return [line.partition('#')[0].strip() for line in text if line.partition('#')[0].strip()]


class BuildWithMim(build_py):
    """Copies configs, tools and the model index into the wheel; a link is enough for an editable install."""

    def run(self):
        super().run()
        target = (ROOT if self.editable_mode else Path(self.build_lib)) / 'mmskel' / '.mim'
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name, source in MIM.items():
            if self.editable_mode:
                (target / name).symlink_to(ROOT.resolve() / source)
            elif (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target / name, ignore=shutil.ignore_patterns('__pycache__'))
            else:
                shutil.copy(ROOT / source, target / name)


version = {}
exec((ROOT / 'mmskel' / 'version.py').read_text(), version)
setup(
    name='mmskel',
    version=version['__version__'],
    description='Skeleton-based action recognition for OpenMMLab, on today\'s Python and PyTorch',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=['mmskel', 'mmskel.*']),
    package_data={'mmskel': ['**/*.txt', '**/*.html', '**/*.js', '**/*.css', '**/*.csv']},
    install_requires=lines('requirements.txt'),
    extras_require={
        # for `uv pip install -e '.[openmmlab]'`; with pip: pip install --no-deps -r mmskel/compat/openmmlab.txt
        'openmmlab': lines('mmskel/compat/openmmlab.txt'),
        'body': BODY,
        'store': STORE,
        'ray': RAY,
        'export': EXPORT,
        'zeroshot': ZERO_SHOT,
        'dev': ['pytest', 'pytest-xdist', 'ruff', 'build', 'scikit-learn', *READ_TEXT, *EXPORT, *STORE],
    },
    entry_points={'console_scripts': ['mmskel = mmskel.cli:program']},
    cmdclass={'build_py': BuildWithMim},
    zip_safe=False)
