"""Layers, with the names and meanings of Keras.

    core            Dense, Activation, Dropout, Flatten, Reshape, Rescaling, Embedding, TimeEmbedding, Input
    convolution     Conv2D, MaxPooling2D, AveragePooling2D, UpSampling2D, GlobalAveragePooling2D, ...
    normalization   BatchNormalization, LayerNormalization, GroupNormalization
    windows         Conv1D, MaxPooling1D, ...; Conv2DTranspose, DepthwiseConv2D, SeparableConv2D; borders of images
    recurrent       SimpleRNN, LSTM, GRU
    wrapping        Bidirectional, TimeDistributed, Lambda, RepeatVector, Permute, LeakyReLU, noise
    attention       MultiHeadAttention
    merging         Add, Multiply, Concatenate, ..., also as functions: add, multiply, concatenate; Residual

base.py says what a layer is, and how to write one.
"""
from .attention import MultiHeadAttention
from .base import Layer
from .convolution import (
    AveragePooling2D,
    Conv2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
    UpSampling2D,
)
from .core import (
    Activation,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    InputLayer,
    ReLU,
    Rescaling,
    Reshape,
    Softmax,
    TimeEmbedding,
)
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
    multiply,
    subtract,
)
from .normalization import BatchNormalization, GroupNormalization, LayerNormalization
from .recurrent import GRU, LSTM, SimpleRNN
from .windows import (
    AveragePooling1D,
    Conv1D,
    Conv2DTranspose,
    Cropping2D,
    DepthwiseConv2D,
    GlobalMaxPooling1D,
    MaxPooling1D,
    SeparableConv2D,
    ZeroPadding2D,
)
from .wrapping import (
    Bidirectional,
    GaussianNoise,
    Lambda,
    LeakyReLU,
    Permute,
    RepeatVector,
    SpatialDropout1D,
    SpatialDropout2D,
    TimeDistributed,
)

AvgPool2D, MaxPool2D = AveragePooling2D, MaxPooling2D
