"""One case at least for each public layer: what the tests over all layers feed them.

A case is (make, shapes): make(keras) makes the layer, of minigrad.keras or of Keras itself; shapes are those of its
inputs, a list of them for a layer that takes a list.  A new layer needs one here: test_all.py says so.
"""
IMAGE, SEQUENCE, VECTOR = (2, 7, 6, 4), (2, 7, 4), (3, 4)
TOKENS = "tokens"                           # whole numbers from 0 to 9, (2, 5), in the place of a shape

CASES = {
    "dense": (lambda k: k.layers.Dense(5, "tanh"), SEQUENCE),
    "einsum": (lambda k: k.layers.EinsumDense("abc,cd->abd", (None, 5), "tanh", "d"), SEQUENCE),
    "einsum, axes before": (lambda k: k.layers.EinsumDense("...xy,yzx->...zx", (5, 6), bias_axes="z"), IMAGE),
    "einsum, axes after": (lambda k: k.layers.EinsumDense("ab...,bc->ac...", 3, bias_axes="c"), IMAGE),
    "einsum, in each place": (lambda k: k.layers.EinsumDense("abc,bcd->adb", (2, 7)), SEQUENCE),
    "activation": (lambda k: k.layers.Activation("silu"), SEQUENCE),
    "relu": (lambda k: k.layers.ReLU(1.0, 0.1, 0.5), SEQUENCE),
    "relu, plain": (lambda k: k.layers.ReLU(), VECTOR),
    "leaky": (lambda k: k.layers.LeakyReLU(0.1), SEQUENCE),
    "softmax": (lambda k: k.layers.Softmax(axis=1), SEQUENCE),
    "identity": (lambda k: k.layers.Identity(), SEQUENCE),
    "function": (lambda k: k.layers.Lambda(squared), SEQUENCE),
    "flat": (lambda k: k.layers.Flatten(), IMAGE),
    "flat, channels first": (lambda k: k.layers.Flatten(data_format="channels_first"), IMAGE),
    "reshaped": (lambda k: k.layers.Reshape((14, -1)), SEQUENCE),
    "repeated": (lambda k: k.layers.RepeatVector(3), VECTOR),
    "permuted": (lambda k: k.layers.Permute((3, 1, 2)), IMAGE),
    "rescaled": (lambda k: k.layers.Rescaling(0.5, 1.0), IMAGE),
    "embedding": (lambda k: k.layers.Embedding(10, 3), TOKENS),
    "embedding, masked": (lambda k: k.layers.Embedding(10, 3, mask_zero=True), TOKENS),
    "masking": (lambda k: k.layers.Masking(0.0), SEQUENCE),
    "time": (lambda k: k.layers.TimeEmbedding(6), (5,)),
    "residual": (lambda k: k.layers.Residual([k.layers.Dense(4, "tanh")]), SEQUENCE),
    # drawn in training
    "dropout": (lambda k: k.layers.Dropout(0.4), SEQUENCE),
    "dropout, by features": (lambda k: k.layers.Dropout(0.4, noise_shape=(None, 1, None), seed=3), SEQUENCE),
    "noise": (lambda k: k.layers.GaussianNoise(0.5, seed=1), SEQUENCE),
    "dropped features": (lambda k: k.layers.SpatialDropout1D(0.5), SEQUENCE),
    "dropped channels": (lambda k: k.layers.SpatialDropout2D(0.5, data_format="channels_first"), IMAGE),
    # several inputs
    "sum": (lambda k: k.layers.Add(), [VECTOR, VECTOR, VECTOR]),
    "difference": (lambda k: k.layers.Subtract(), [VECTOR, VECTOR]),
    "product": (lambda k: k.layers.Multiply(), [VECTOR, VECTOR]),
    "mean of two": (lambda k: k.layers.Average(), [VECTOR, VECTOR]),
    "largest": (lambda k: k.layers.Maximum(), [VECTOR, VECTOR]),
    "smallest": (lambda k: k.layers.Minimum(), [VECTOR, VECTOR]),
    "end to end": (lambda k: k.layers.Concatenate(axis=1), [VECTOR, (3, 2)]),
    "dot": (lambda k: k.layers.Dot(axes=1, normalize=True), [VECTOR, VECTOR]),
    # windows
    "convolution": (lambda k: k.layers.Conv2D(3, (3, 2), strides=2, padding="same", activation="tanh"), IMAGE),
    "dilated": (lambda k: k.layers.Conv2D(3, (3, 2), padding="SAME", dilation_rate=(2, 1)), IMAGE),
    "groups": (lambda k: k.layers.Conv2D(6, 2, groups=2, strides=2), IMAGE),
    "channels first": (lambda k: k.layers.Conv2D(3, 3, padding="same", data_format="channels_first"), IMAGE),
    "conv 1d": (lambda k: k.layers.Conv1D(6, 3, strides=2, padding="same", activation="tanh"), SEQUENCE),
    "causal": (lambda k: k.layers.Conv1D(6, 3, padding="causal", dilation_rate=2), SEQUENCE),
    "transposed": (lambda k: k.layers.Conv2DTranspose(3, 3, strides=2, padding="same"), IMAGE),
    "transposed, whole": (lambda k: k.layers.Conv2DTranspose(3, (2, 4), strides=(3, 2)), IMAGE),
    "transposed, dilated": (lambda k: k.layers.Conv2DTranspose(3, 3, dilation_rate=2, padding="same"), IMAGE),
    "transposed 1d": (lambda k: k.layers.Conv1DTranspose(3, 3, strides=2, padding="same"), SEQUENCE),
    "transposed, padded": (lambda k: k.layers.Conv2DTranspose(3, (4, 3), 3, output_padding=(2, 1)), IMAGE),
    "transposed, same and padded": (lambda k: k.layers.Conv2DTranspose(3, (4, 3), 2, "same", output_padding=1), IMAGE),
    "transposed 1d, padded": (lambda k: k.layers.Conv1DTranspose(3, 2, 3, "same", output_padding=2), SEQUENCE),
    "depthwise": (lambda k: k.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2), IMAGE),
    "depthwise, dilated": (lambda k: k.layers.DepthwiseConv2D(2, dilation_rate=2), IMAGE),
    "separable": (lambda k: k.layers.SeparableConv2D(5, 3, strides=2, padding="same"), IMAGE),
    "separable, dilated": (lambda k: k.layers.SeparableConv2D(5, 3, dilation_rate=2), IMAGE),
    "separable 1d": (lambda k: k.layers.SeparableConv1D(5, 3, padding="same", activation="tanh"), SEQUENCE),
    "max": (lambda k: k.layers.MaxPooling2D(3, 2, "same"), IMAGE),
    "max, channels first": (lambda k: k.layers.MaxPooling2D(2, data_format="channels_first"), IMAGE),
    "mean": (lambda k: k.layers.AveragePooling2D(2), IMAGE),
    "max 1d": (lambda k: k.layers.MaxPooling1D(3, 2, "same"), SEQUENCE),
    "mean 1d": (lambda k: k.layers.AveragePooling1D(2), SEQUENCE),
    "global mean": (lambda k: k.layers.GlobalAveragePooling2D(), IMAGE),
    "global mean, channels first": (lambda k: k.layers.GlobalAveragePooling2D(
        data_format="channels_first", keepdims=True), IMAGE),
    "global max": (lambda k: k.layers.GlobalMaxPooling2D(keepdims=True), IMAGE),
    "global mean 1d": (lambda k: k.layers.GlobalAveragePooling1D(keepdims=True), SEQUENCE),
    "global max 1d": (lambda k: k.layers.GlobalMaxPooling1D(keepdims=True), SEQUENCE),
    "enlarged": (lambda k: k.layers.UpSampling2D((2, 3)), IMAGE),
    "enlarged smoothly": (lambda k: k.layers.UpSampling2D(2, interpolation="bilinear"), IMAGE),
    "longer": (lambda k: k.layers.UpSampling1D(3), SEQUENCE),
    "zeros": (lambda k: k.layers.ZeroPadding2D(((1, 0), (2, 3))), IMAGE),
    "cropping": (lambda k: k.layers.Cropping2D(((1, 0), (2, 1))), IMAGE),
    # normalisation
    "batch norm": (lambda k: k.layers.BatchNormalization(), SEQUENCE),
    "batch norm, first axis": (lambda k: k.layers.BatchNormalization(axis=1), IMAGE),
    "layer norm": (lambda k: k.layers.LayerNormalization(), SEQUENCE),
    "layer norm, several axes": (lambda k: k.layers.LayerNormalization(axis=[1, 3]), IMAGE),
    "unit norm": (lambda k: k.layers.UnitNormalization(axis=1), SEQUENCE),
    "group norm": (lambda k: k.layers.GroupNormalization(2), IMAGE),
    "group norm, first axis": (lambda k: k.layers.GroupNormalization(-1, axis=1), IMAGE),
    # of images and numbers before the network
    "normalised": (lambda k: k.layers.Normalization(mean=[1.0, 2, 3, 4], variance=[4.0, 3, 2, 1]), SEQUENCE),
    "resized": (lambda k: k.layers.Resizing(5, 9), IMAGE),
    "resized, nearest": (lambda k: k.layers.Resizing(5, 9, "nearest", crop_to_aspect_ratio=True), IMAGE),
    "flipped": (lambda k: k.layers.RandomFlip(seed=0), IMAGE),
    "turned": (lambda k: k.layers.RandomRotation((0.1, 0.1)), IMAGE),
    "zoomed": (lambda k: k.layers.RandomZoom((0.3, 0.3), (-0.2, -0.2), "constant"), IMAGE),
    "moved": (lambda k: k.layers.RandomTranslation((0.3, 0.3), (-0.2, -0.2), "wrap"), IMAGE),
    "cut": (lambda k: k.layers.CenterCrop(3, 4), IMAGE),
    "cut and enlarged": (lambda k: k.layers.CenterCrop(9, 4), IMAGE),
    "cut somewhere": (lambda k: k.layers.RandomCrop(3, 4, seed=1), IMAGE),
    "contrast": (lambda k: k.layers.RandomContrast(0.3, value_range=(-1, 1)), IMAGE),
    "brightness": (lambda k: k.layers.RandomBrightness(0.3, value_range=(-1, 1)), IMAGE),
    "categories": (lambda k: k.layers.CategoryEncoding(10), TOKENS),
    "categories, counted": (lambda k: k.layers.CategoryEncoding(10, "count"), TOKENS),
    "categories, one by one": (lambda k: k.layers.CategoryEncoding(10, "one_hot"), TOKENS),
    # recurrent
    "simple": (lambda k: k.layers.SimpleRNN(3, return_sequences=True), SEQUENCE),
    "lstm": (lambda k: k.layers.LSTM(3, go_backwards=True, return_sequences=True), SEQUENCE),
    "gru": (lambda k: k.layers.GRU(3), SEQUENCE),
    "gru, reset before": (lambda k: k.layers.GRU(3, reset_after=False), SEQUENCE),
    "cell": (lambda k: k.layers.RNN(k.layers.SimpleRNNCell(3), return_sequences=True), SEQUENCE),
    "cells": (lambda k: k.layers.RNN([k.layers.LSTMCell(3), k.layers.GRUCell(2)]), SEQUENCE),
    "two ways": (lambda k: k.layers.Bidirectional(k.layers.LSTM(3, return_sequences=True)), SEQUENCE),
    "two ways, last": (lambda k: k.layers.Bidirectional(k.layers.GRU(3), merge_mode="sum"), SEQUENCE),
    "each time": (lambda k: k.layers.TimeDistributed(k.layers.Dense(3)), IMAGE),
    # attention
    "heads": (lambda k: k.layers.MultiHeadAttention(2, 3), None),       # called with two arguments: test_attention.py
    "attention": (lambda k: k.layers.Attention(use_scale=True), [SEQUENCE, (2, 5, 4)]),
    "attention, concat": (lambda k: k.layers.Attention(score_mode="concat"), [SEQUENCE, (2, 5, 4), (2, 5, 4)]),
    "additive attention": (lambda k: k.layers.AdditiveAttention(), [SEQUENCE, (2, 5, 4)]),
}
# What has no case: Layer is nothing by itself, InputLayer passes on, texts are no arrays and have a test of their own.
WITHOUT = {"Layer", "InputLayer", "TextVectorization", "StringLookup", "IntegerLookup"}
OURS = {"time", "residual",                # not in Keras, or
        "cut somewhere"}                    # there, as it was, out of training, against the documentation


def squared(x):
    return x * x + x
