"""Stores of clips: one protocol, and a kind of store per file format."""
from mmskel.data.store.annotations import AnnotationStore
from mmskel.data.store.opening import KINDS, open_store
from mmskel.data.store.protocol import ClipStore, fingerprint, rows_of, split_name

__all__ = ['KINDS', 'AnnotationStore', 'ClipStore', 'fingerprint', 'open_store', 'rows_of', 'split_name']
