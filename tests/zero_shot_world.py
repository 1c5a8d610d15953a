"""Made-up features whose classes have meaning: a clip is a linear image of the letters of its class's text."""
import numpy as np

from mmskel.data.feature_table import FeatureTable

NAMES = ('wave', 'kick', 'clap', 'bow', 'jump', 'walk', 'throw', 'sit down', 'stand up', 'drink')


class Letters:
    """A text encoder that counts letters."""
    name, width, digest = 'letters', 26, 'a' * 64

    def encode(self, texts):
        return np.array([[text.lower().count(chr(97 + k)) + 0.01 for k in range(26)] for text in texts], np.float32)


def table(names=NAMES, clips=12, dim=20, seed=0, **changes):
    """``clips`` clips of every class, a third of them for testing; logits know the class."""
    rng = np.random.default_rng(seed)
    texts = Letters().encode(names)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    labels = np.repeat(np.arange(len(names)), clips)
    features = np.maximum(texts[labels] @ rng.standard_normal((26, dim)) + 0.1 * rng.standard_normal((len(labels), dim)) + 1, 0)
    logits = rng.standard_normal((len(labels), len(names))) + 4 * np.eye(len(names))[labels]
    arrays = dict(features=features.astype(np.float32), labels=labels, ids=tuple(f'clip{k:03d}' for k in range(len(labels))),
                  logits=logits.astype(np.float32), split=np.where(np.arange(len(labels)) % 3 == 2, 'test', 'train'),
                  class_names=tuple(names), recogniser='stgcn_mine', trained_classes=None)
    return FeatureTable(**arrays | changes)
