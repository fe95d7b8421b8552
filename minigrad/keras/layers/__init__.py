"""Layers, with the names and meanings of Keras.

    core            Dense, Activation, Flatten, Reshape, Rescaling, Embedding, Masking, TimeEmbedding, Input
    noise           Dropout, SpatialDropout1D, SpatialDropout2D, GaussianNoise
    convolution     Conv2D, MaxPooling2D, AveragePooling2D, UpSampling2D, GlobalAveragePooling2D, ...
    normalization   BatchNormalization, LayerNormalization, GroupNormalization, UnitNormalization
    windows         Conv1D, MaxPooling1D, ...; Conv2DTranspose, DepthwiseConv2D, SeparableConv2D; borders of images
    preparing       Normalization, Resizing, CenterCrop, RandomFlip, RandomRotation, RandomZoom, RandomContrast, ...
    text            TextVectorization, StringLookup, IntegerLookup, CategoryEncoding
    recurrent       SimpleRNN, LSTM, GRU; RNN of a cell
    einsum          EinsumDense
    wrapping        Bidirectional, TimeDistributed, Lambda, RepeatVector, Permute, LeakyReLU
    attention       MultiHeadAttention, Attention, AdditiveAttention
    merging         Add, Multiply, Concatenate, ..., also as functions: add, multiply, concatenate; Residual

base.py says what a layer is, and how to write one.
"""
from .attention import AdditiveAttention, Attention, MultiHeadAttention
from .base import Layer
from .convolution import (
    AveragePooling2D,
    Conv2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling2D,
    UpSampling2D,
)
from .core import (
    Activation,
    Dense,
    Embedding,
    Flatten,
    Input,
    InputLayer,
    Masking,
    ReLU,
    Rescaling,
    Reshape,
    Softmax,
    TimeEmbedding,
)
from .einsum import EinsumDense
from .merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Residual,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from .noise import Dropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D
from .normalization import BatchNormalization, GroupNormalization, LayerNormalization, UnitNormalization
from .preparing import (
    CenterCrop,
    Normalization,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
    Resizing,
)
from .recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, SimpleRNN, SimpleRNNCell
from .text import CategoryEncoding, IntegerLookup, StringLookup, TextVectorization
from .windows import (
    AveragePooling1D,
    Conv1D,
    Conv1DTranspose,
    Conv2DTranspose,
    Cropping2D,
    DepthwiseConv2D,
    MaxPooling1D,
    SeparableConv1D,
    SeparableConv2D,
    UpSampling1D,
    ZeroPadding2D,
)
from .wrapping import (
    Bidirectional,
    Identity,
    Lambda,
    LeakyReLU,
    Permute,
    RepeatVector,
    TimeDistributed,
)

AvgPool1D, AvgPool2D, MaxPool1D, MaxPool2D = AveragePooling1D, AveragePooling2D, MaxPooling1D, MaxPooling2D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
