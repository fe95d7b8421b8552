"""Every workload by its name, in the order of the table; a file for each family."""
from . import language, matrix_products, networks, overhead, panel

WORKLOADS = {w.name: w for family in (overhead, matrix_products, networks, language, panel) for w in family.WORKLOADS}
