"""Who checks the checks?  Broken rules, random programs, and a scalar machine to compare with."""
