"""Words as vectors: text encoders and descriptions of classes. Knows no skeleton."""
from mmskel.language.class_texts import ClassTexts, check_class_names, class_texts, read_class_texts
from mmskel.language.embeddings import ClassEmbeddings, embed_classes, read_embeddings
from mmskel.language.encoders import DEFAULT_ENCODER, TextEncoder, load_text_encoder
from mmskel.language.errors import LanguageError

__all__ = ['ClassEmbeddings', 'ClassTexts', 'DEFAULT_ENCODER', 'LanguageError', 'TextEncoder', 'check_class_names',
           'class_texts', 'embed_classes', 'load_text_encoder', 'read_class_texts', 'read_embeddings']
