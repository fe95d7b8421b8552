"""Whether this process is one of several, as the launchers tell their processes: found out without MPI."""
import os

# How many there are, and which one this is: MPICH and Intel MPI, Open MPI, Slurm's srun.
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")
RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")


def launched():
    """Whether mpiexec started this process as one of several."""
    return any(os.environ.get(name, "1") != "1" for name in SIZES)


def first():
    """Whether this process is rank 0, or alone."""
    return all(os.environ.get(name, "0") == "0" for name in RANKS)
