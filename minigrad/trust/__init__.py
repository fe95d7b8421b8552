"""Can a trained network be trusted?  Interpretability, fairness, privacy, security."""
