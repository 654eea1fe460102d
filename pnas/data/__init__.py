"""Data sets: real images in, `Dataset` out."""

from pnas.data.data_spec import (
    DataSpec,
    DigitsSpec,
    FileSpec,
    HeldOutSpec,
    ImageFolderSpec,
    NpzSpec,
)
from pnas.data.dataset import Dataset
from pnas.data.loading import DataInfo, check_data, dataset_from_arrays, load_dataset
from pnas.data.registry import DATASETS
from pnas.data.streaming import open_parts, refuse_damaged
from pnas.data.training_data import Part, Parts, in_memory

__all__ = [
    "DATASETS",
    "DataInfo",
    "DataSpec",
    "Dataset",
    "DigitsSpec",
    "FileSpec",
    "HeldOutSpec",
    "ImageFolderSpec",
    "NpzSpec",
    "Part",
    "Parts",
    "check_data",
    "dataset_from_arrays",
    "in_memory",
    "load_dataset",
    "open_parts",
    "refuse_damaged",
]
