"""keras.preprocessing: the older place of what is in keras.utils."""
from ..utils import (
    image_dataset_from_directory as image_dataset_from_directory,
    text_dataset_from_directory as text_dataset_from_directory,
    timeseries_dataset_from_array as timeseries_dataset_from_array,
)
from . import image as image, sequence as sequence
