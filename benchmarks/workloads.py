"""Every workload by its name, in the order of the table."""
from . import dense, engine, gpt, lenet, products

WORKLOADS = {w.name: w for family in (engine, products, dense, lenet, gpt) for w in family.WORKLOADS}
