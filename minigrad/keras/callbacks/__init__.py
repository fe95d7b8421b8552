"""Callbacks: what happens between the batches and epochs of fit.

    stop, log = EarlyStopping(patience=3, restore_best_weights=True), CSVLogger("run/history.csv")
    model.fit(x, y, validation_split=0.2, callbacks=[stop, log])

    base            Callback, the base of callbacks of your own; LambdaCallback; History
    monitoring      EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
    logs            ProgressBar, CSVLogger, LearningRateScheduler
    tensorboard     TensorBoard
    safety          TerminateOnNaN, BackupAndRestore
"""
from .base import Callback, History, LambdaCallback
from .logs import CSVLogger, LearningRateScheduler, ProgressBar
from .monitoring import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from .safety import BackupAndRestore, TerminateOnNaN
from .tensorboard import TensorBoard
