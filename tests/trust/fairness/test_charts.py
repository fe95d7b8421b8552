"""Pictures of fairness say in words what they show."""
import numpy as np

from minigrad import viz
from minigrad.trust.fairness import calibration, calibration_curves, frontier_plot, rates, rates_by_group

RNG = np.random.default_rng(0)
S, GROUP = RNG.random(300), np.where(RNG.random(300) < 0.5, "men", "women")
Y = (RNG.random(300) < S).astype(int)


def test_all_have_words_and_can_be_saved(tmp_path):
    found = rates(Y, (S > 0.5).astype(int), GROUP)
    figures = [(rates_by_group(found), f"men {found['men']['selection'].value:.2f}"),
               (calibration_curves(calibration(Y, S, GROUP)), "women 0.0"),
               (frontier_plot({"one": [(0.1, 0.8), (0.3, 0.7)], "other": [(0.2, 0.9)]}),
                "from (0.100, 0.800) to (0.200, 0.900)")]
    for i, (fig, words) in enumerate(figures):
        assert words in fig.alt, fig.alt
        assert viz.save(fig, tmp_path / f"{i}.png").stat().st_size > 2000
