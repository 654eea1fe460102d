"""Data sets: real images in, `Dataset` out."""

from pnas.data.data_parts import Part, Parts, in_memory, open_parts
from pnas.data.data_spec import DataSpec
from pnas.data.dataset import Dataset
from pnas.data.loading import SOURCES, DataInfo, check_data, dataset_from_arrays, load_dataset

__all__ = [
    "SOURCES",
    "DataInfo",
    "DataSpec",
    "Dataset",
    "Part",
    "Parts",
    "check_data",
    "dataset_from_arrays",
    "in_memory",
    "load_dataset",
    "open_parts",
]
