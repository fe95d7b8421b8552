"""Exercises of notebook 24: teaching a model to answer."""
import numpy as np
from hypothesis import strategies as st

from ..checking import exercise
from ..drawing import made, normal, numbers, vectors, whole


# -- what is still to come -------------------------------------------------------------------------------------------
def _returns(rewards, discount):
    found, after = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        found[t] = after = rewards[t] + discount * after
    return found


exercise("24.returns", "each step's reward and, discounted, all that follow",
         "what can an action still change: what came before it, or what comes after?",
         "go backwards: what comes from t on is the reward at t, and discount times what comes from t + 1 on.",
         "after = rewards[t] + discount * after, for t from the last to the first").equals(
    _returns, "the result", st.tuples(vectors(-2, 2, most=5), numbers(0, 1)), [
        (lambda r, d: _returns(r[::-1], d)[::-1], "What came before an action is none of its merit: go from the end."),
        (lambda r, d: np.full(len(r), _returns(r, d)[0]), "An action late in the episode didn't earn what came early."),
        (lambda r, d: _returns(r, 1.0), "The discount is missing."),
        (lambda r, d: d * _returns(r, d), "The reward at t itself is not discounted."),
        (lambda r, d: _returns(r, d) - r, "The reward at t itself belongs to it.")],
    also=[(np.array([1.0, 2.0, 3.0]), 0.5)])


# -- examples --------------------------------------------------------------------------------------------------------
def _with_mask(rng, rows, places):
    mask = (rng.random((rows, places)) < 0.5).astype(float)
    mask[np.arange(rows), rng.integers(0, places, rows)] = 1
    return -np.abs(normal(rng, rows, places)), mask


exercise("24.sft", "the mean of -ln p over the tokens of answers, and no others",
         "which tokens should the model learn to write: those of the question too?",
         "the mask is 1 where a token counts. Multiply, add up, and divide by the number of tokens that count.",
         "-(log_p * mask).sum() / mask.sum()").equals(
    lambda log_p, mask: -(log_p * mask).sum() / mask.sum(), "the loss",
    made(_with_mask, rows=whole(1, 3), places=whole(1, 4)), [
        (lambda log_p, mask: -log_p.mean(), "That teaches it to ask the questions, too."),
        (lambda log_p, mask: -(log_p * mask).mean(), "Divide by the number of tokens that count, not of all."),
        (lambda log_p, mask: -((log_p * mask).sum(axis=1) / mask.sum(axis=1)).mean(),
         "A mean of the answers' means: here every token counts the same, also of long answers."),
        (lambda log_p, mask: -(log_p * mask).sum() / len(mask), "Divide by the number of tokens, not of answers."),
        (lambda log_p, mask: (log_p * mask).sum() / mask.sum(), "The sign: what is likely should cost little.")],
    also=[(np.array([[-1.0, -2.0, -3.0], [-4.0, -5.0, -6.0]]), np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]]))])


# -- preferences -----------------------------------------------------------------------------------------------------
def _dpo(chosen, rejected, chosen_start, rejected_start, beta):
    return np.log1p(np.exp(-beta * ((chosen - chosen_start) - (rejected - rejected_start))))


exercise("24.dpo", "-ln σ(β × (how much likelier the chosen became, less how much the rejected did))",
         "what should not matter: how likely an answer is, or how much likelier it has become than at the start?",
         "the margin is (chosen - chosen_start) - (rejected - rejected_start).",
         "-ln σ(z) is ln(1 + e^-z): np.log1p(np.exp(-beta * margin))").equals(
    _dpo, "the loss", st.tuples(*[numbers(-4, 0)] * 4, numbers(0, 2)), [
        (lambda c, r, c0, r0, b: _dpo(c, r, 0, 0, b), "The start is missing: what counts is how both have changed."),
        (lambda c, r, c0, r0, b: _dpo(r, c, r0, c0, b), "Chosen and rejected are exchanged."),
        (lambda c, r, c0, r0, b: _dpo(c, r, c0, r0, 1), "β is missing."),
        (lambda c, r, c0, r0, b: -_dpo(c, r, c0, r0, b), "The sign: a loss falls where the chosen gain."),
        (lambda c, r, c0, r0, b: np.exp(-_dpo(c, r, c0, r0, b)), "That is the probability; its -ln is wanted."),
        (lambda c, r, c0, r0, b: _dpo(c, r, c0, -r0, b), "Mind the signs within the margin.")],
    also=[(-1.0, -2.0, -3.0, -1.5, 0.5), (-3.0, -1.0, -1.0, -2.0, 1.0)])


# -- rewards ---------------------------------------------------------------------------------------------------------
def _advantages(rewards):
    return (rewards - rewards.mean(axis=1, keepdims=True)) / (rewards.std(axis=1, keepdims=True) + 1e-6)


exercise("24.advantages", "each reward less its group's mean, in units of its group's deviation",
         "eight answers to one prompt, all right: what is there to learn from them?",
         "mean and std of each row, with keepdims=True so that they fit the rewards again.",
         "(rewards - mean) / (std + 1e-6)").equals(
    _advantages, "the result",
    made(lambda rng, groups, n: (rng.integers(0, 3, (groups, n)).astype(float),), groups=whole(1, 3), n=whole(1, 4)), [
        (lambda r: (r - r.mean()) / (r.std() + 1e-6),
         "One mean for all: then answers to easy prompts look good, whatever they are. Take each group's own."),
        (lambda r: r - r.mean(axis=1, keepdims=True), "The deviation is missing."),
        (lambda r: (r - r.mean(axis=0)) / (r.std(axis=0) + 1e-6), "The groups are the rows."),
        (lambda r: r / (r.std(axis=1, keepdims=True) + 1e-6), "The mean is missing: it is the baseline."),
        (lambda r: (r - r.mean(axis=1, keepdims=True)) / (r.var(axis=1, keepdims=True) + 1e-6),
         "The deviation is the root of the variance.")],
    also=[(np.array([[0.0, 0.0, 1.0, 3.0], [1.0, 1.0, 1.0, 1.0]]),), (np.array([[0.0, 2.0], [0.0, 1.0]]),)])


def _gain(ratio, advantage, clip):
    return np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)


exercise("24.gain", "the smaller of q A and of the clipped q, times A",
         "an answer that did well has become 1 + c times as likely: how much more is there to gain?",
         "two candidates, ratio * advantage and the same with the ratio clipped to 1 - clip ... 1 + clip.",
         "np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)").equals(
    _gain, "the gain", st.tuples(numbers(0, 3), numbers(-2, 2), numbers(0.1, 0.5)), [
        (lambda q, a, c: q * a, "Nothing is clipped."),
        (lambda q, a, c: np.clip(q, 1 - c, 1 + c) * a,
         "Clipped on both sides: an answer that did badly and became likelier must still be pushed back."),
        (lambda q, a, c: np.minimum(q, 1 + c) * a, "Which side is clipped depends on the sign of A: take the minimum."),
        (lambda q, a, c: np.maximum(q * a, np.clip(q, 1 - c, 1 + c) * a), "The smaller of the two, not the larger."),
        (lambda q, a, c: np.minimum(q * a, np.clip(q, -c, c) * a), "The ratio is 1 where nothing has changed, not 0.")],
    also=[(1.5, 1.0, 0.2), (1.5, -1.0, 0.2), (0.5, 1.0, 0.2), (0.5, -1.0, 0.2)])
