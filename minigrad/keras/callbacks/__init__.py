"""Callbacks: what happens between the batches and epochs of fit.

    model.fit(x, y, callbacks=[EarlyStopping(patience=3, restore_best_weights=True), CSVLogger("run/history.csv")])

    base            Callback, the base of callbacks of your own; LambdaCallback; History
    monitoring      EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
    logs            ProgressBar, CSVLogger, LearningRateScheduler
    safety          TerminateOnNaN, BackupAndRestore
"""
from .base import Callback, History, LambdaCallback
from .logs import CSVLogger, LearningRateScheduler, ProgressBar
from .monitoring import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from .safety import BackupAndRestore, TerminateOnNaN
