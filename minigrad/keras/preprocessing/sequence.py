"""keras.preprocessing.sequence: sequences of one length."""
from ..utils import pad_sequences as pad_sequences
