"""Persons that a recipe leaves out although they are seen longer than those it keeps."""
from __future__ import annotations

from mmskel.configuration import dataset_of
from mmskel.data.checking.sense import overlooked_person
from mmskel.data.store import open_store, rows_of, split_name


def persons_left_out(cfg) -> str:
    """What a training will not see of its clips, in a sentence; '' if it keeps the persons who are seen longest.

    Recipes keep the first ``num_person`` persons of a clip, in the order of the file, unless ``SetPersons`` sorts them.
    Only clips with more persons than that are looked at.

    Args:
        cfg: Config of the training.

    Raises:
        AnnotationError: A file, or a split of it, that cannot be read.
    """
    from mmaction.registry import DATASETS, TRANSFORMS

    from mmskel.data.dataset import SkeletonDataset
    from mmskel.data.transforms import SetPersons
    dataset = dataset_of(cfg, 'train_dataloader')
    if dataset is None or DATASETS.get(dataset['type']) is not SkeletonDataset:
        return ''
    step = next((step for step in dataset['pipeline'] if TRANSFORMS.get(step['type']) is SetPersons), None)
    if step is None or step.get('sort', 'none') != 'none':
        return ''
    store, kept = open_store(dataset['ann_file']), step['num_person']
    rows = rows_of(store, split_name(store, dataset.get('split'), dataset.get('part') or 'train'))
    found = {}
    for row in rows[store.shapes[rows, 0] > kept]:
        if detail := overlooked_person(store.clip(row).keypoint.any(-1), kept):
            found[store.ids[row]] = detail
    if not found:
        return ''
    name, detail = next(iter(found.items()))
    return (f"in {len(found)} of {len(rows)} training clips, somebody is left out who is seen longer than the {kept} "
            f"that are kept, e.g. '{name}': {detail}. The first persons of the file are kept; person_order=score keeps "
            'those with the highest scores (a knob of the config), and `mmskel check` names all clips')
