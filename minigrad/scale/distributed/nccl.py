"""From GPU to GPU without the host between: NCCL, NVIDIA's library for that, as CuPy offers it (cupy.cuda.nccl).

CuPy's wheels leave the library itself out: pip install nvidia-nccl-cu13.  MPI starts it, by telling all ranks the
number that rank 0 drew, and still carries all that is not a device array.
"""
import platform

from ...engine import backend


def address(devices):
    """(host, PCI address) of the GPU on which a rank keeps its arrays; None where it has no single GPU, or no NCCL."""
    kind, index = backend.parse_device(next(iter(devices))) if len(devices) == 1 else ("several", 0)
    if kind != "gpu" or backend.nccl() is None:
        return None
    return platform.node(), backend.cupy().cuda.Device(index).pci_bus_id


class Communicator:
    """The ranks of a group, each with a GPU of its own.  Arrays are flat, contiguous, and on that GPU.

    What is begun waits for what the GPU was given before, and runs beside what it is given after, on `stream`, in the
    same order on all ranks.  Making one is collective.  ValueError for an array that isn't flat and contiguous.
    """

    def __init__(self, group, device):
        self.cuda, self.index = backend.cupy().cuda, backend.parse_device(device)[1]
        self.nccl = backend.nccl()
        number = group.once(self.nccl.get_unique_id)
        with self.cuda.Device(self.index):
            self.comm = self.nccl.NcclCommunicator(group.size, number, group.rank)
            self.stream = self.cuda.Stream(non_blocking=True)   # or it and CuPy's stream would wait for each other

    def start_all_reduce(self, array):
        return self._start(self.comm.allReduce, array, array, array.size, self.nccl.NCCL_SUM)

    def start_reduce_scatter(self, array, part):
        return self._start(self.comm.reduceScatter, array, part, part.size, self.nccl.NCCL_SUM)

    def start_all_gather(self, part, array):
        return self._start(self.comm.allGather, part, array, part.size)

    def _start(self, call, source, target, count, *op):
        for a in (source, target):
            if a.ndim != 1 or a.size and a.strides != (a.itemsize,):
                raise ValueError(f"NCCL sends flat, contiguous arrays; "
                                 f"this has shape {a.shape} and strides {a.strides}")
        with self.cuda.Device(self.index):
            self.stream.wait_event(self.cuda.get_current_stream().record())
            kind = getattr(self.nccl, f"NCCL_{source.dtype.name.upper()}")
            call(source.data.ptr, target.data.ptr, count, kind, *op, self.stream.ptr)
            return Request(self, self.stream.record(), (source, target))


class Request:
    """What the GPU has been told to send; `arrays` stay in memory until it has been waited for."""

    def __init__(self, communicator, event, arrays):
        self.communicator, self.event, self.arrays = communicator, event, arrays

    def Test(self):
        """Whether it is done."""
        return self.event.done

    def Wait(self):
        """Let all that the GPU is given from now on come after it; the host goes ahead."""
        with self.communicator.cuda.Device(self.communicator.index):
            self.communicator.cuda.get_current_stream().wait_event(self.event)
