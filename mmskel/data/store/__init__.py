"""Stores of clips: one protocol, and a kind of store per file format."""
from mmskel.data.store.annotations import AnnotationStore
from mmskel.data.store.columnar import ColumnarStore, is_store
from mmskel.data.store.opening import KINDS, open_store
from mmskel.data.store.protocol import ClipStore, fingerprint, rows_of, split_name
from mmskel.data.store.rows import NUMBERS, StoreError
from mmskel.data.store.writing import StoreWriter, merge_stores, verify, write_store

__all__ = ['KINDS', 'NUMBERS', 'AnnotationStore', 'ClipStore', 'ColumnarStore', 'StoreError', 'StoreWriter',
           'fingerprint', 'is_store', 'merge_stores', 'open_store', 'rows_of', 'split_name', 'verify', 'write_store']
