"""TensorBoard: the logs of fit where tensorboard shows them, written by the tensorboard package itself."""
import time
from pathlib import Path

import numpy as np

from ...support import files
from ...support.arguments import shown
from ...support.errors import Failure
from .base import Callback


class TensorBoard(Callback):
    """Writes scores, and histograms of weights, for `tensorboard --logdir logs` to show; needs that package.

    log_dir         train/ and validation/ in it get a file each: epoch_loss, epoch_accuracy, ..., epoch_learning_rate
    histogram_freq  after every so many epochs, histograms of all weights; 0: none
    update_freq     "epoch"; or "batch", or a number of batches, after which batch_loss, ... are written too
    write_steps_per_second      also how many steps an epoch did in a second
    write_graph, write_images, profile_batch and the embeddings are there for Keras' sake: nothing is written of them.
    """
    order, shows = 2, True                  # with what other callbacks have added to the logs

    def __init__(self, log_dir="logs", histogram_freq=0, write_graph=True, write_images=False,
                 write_steps_per_second=False, update_freq="epoch", profile_batch=0, embeddings_freq=0,
                 embeddings_metadata=None):
        if not (update_freq in ("epoch", "batch") or type(update_freq) is int and update_freq > 0):
            raise ValueError(f'TensorBoard: update_freq must be "epoch", "batch" or a number of batches, '
                             f"not {shown(update_freq)}")
        self.log_dir, self.histogram_freq = Path(log_dir), histogram_freq
        self.write_steps_per_second = write_steps_per_second
        self.every = {"epoch": 0, "batch": 1}.get(update_freq, update_freq)
        self.writers, self.steps, self.begun = {}, 0, 0.0

    def on_train_begin(self, logs=None):
        _library()                          # now, rather than after the first epoch
        self.steps = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.begun, self.first = time.monotonic(), self.steps

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.every and self.steps % self.every == 0:
            self._scalars("train", "batch", dict(logs), self.steps)

    def on_epoch_end(self, epoch, logs=None):
        scores = {name: value for name, value in logs.items() if not name.startswith("val_")}
        scores["learning_rate"] = float(self.model.optimizer.learning_rate)
        if self.write_steps_per_second:
            scores["steps_per_second"] = (self.steps - self.first) / max(time.monotonic() - self.begun, 1e-9)
        self._scalars("train", "epoch", scores, epoch)
        validation = {name[4:]: value for name, value in logs.items() if name.startswith("val_")}
        if validation:
            self._scalars("validation", "epoch", validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._histograms(epoch)

    def on_train_end(self, logs=None):
        self.close()

    def close(self):
        for writer in self.writers.values():
            writer.close()
        self.writers = {}

    def _scalars(self, part, prefix, scores, step):
        value = _library()[2].Summary.Value
        self._write(part, [value(tag=f"{prefix}_{name}", simple_value=float(score))
                           for name, score in scores.items() if np.ndim(score) == 0], step)

    def _histograms(self, step):
        summary = _library()[2]
        self._write("train", [summary.Summary.Value(tag=name.replace(".", "/"), histo=_histogram(summary, w.numpy()))
                              for name, w in self.model.named_weights().items() if w.size], step)

    def _write(self, part, values, step):
        if not files.writes:
            return
        writer_of, event, summary = _library()
        if part not in self.writers:
            (self.log_dir / part).mkdir(parents=True, exist_ok=True)
            self.writers[part] = writer_of(str(self.log_dir / part))
        self.writers[part].add_event(event.Event(wall_time=time.time(), step=step,
                                                 summary=summary.Summary(value=values)))


def _library():
    """(the writer of event files, the forms of events and summaries) of the package tensorboard."""
    try:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError:
        raise Failure("TensorBoard: the files are written by the package tensorboard, which is not installed: "
                      "pip install tensorboard; or use CSVLogger, which needs nothing") from None
    return EventFileWriter, event_pb2, summary_pb2


def _histogram(summary, array):
    counts, edges = np.histogram(array[np.isfinite(array)], bins=30)
    array = array.astype(float)
    return summary.HistogramProto(min=array.min(), max=array.max(), num=array.size, sum=array.sum(),
                                  sum_squares=(array ** 2).sum(), bucket_limit=edges[1:].tolist(),
                                  bucket=counts.tolist())
