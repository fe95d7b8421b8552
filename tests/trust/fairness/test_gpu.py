"""Fair training on the strict stand-in for a GPU: nothing is refused."""
import numpy as np

import minigrad as mg
from minigrad import layers, optimizers
from minigrad.trust.fairness import Adversarial, Constrained

from ...gpu import standin
from ...keras.networks import classes, network


def test_fair_training():
    x, y = classes(60)
    labels = {"label": (y > 0).astype(np.int64), "group": y % 2}
    with standin.installed():
        mg.set_device("gpu")
        for criterion in ("demographic_parity", "equalized_odds"):
            for model in (Constrained(network(4, 1), criterion),
                          Adversarial(network(4, 1), layers.Dense(1), criterion)):
                model.compile(optimizers.Adam(0.01))
                model.fit(x, labels, epochs=1, verbose=0)
                assert np.isfinite(model.predict(x, verbose=0)).all()
