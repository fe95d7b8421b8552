"""Exercises of notebook 25: images from noise."""
import numpy as np
from hypothesis import strategies as st

from ..checking import exercise
from ..drawing import arrays, made, normal, numbers, whole

TIMES = numbers(0, 1, 2)


def _angles(t):
    return np.cos(np.pi * t / 2), np.sin(np.pi * t / 2)


def _mix(x, noise, t):
    alpha, sigma = _angles(t)
    return alpha * x + sigma * noise


exercise("25.mix", "α x + σ ε with α = cos(π t / 2) and σ = sin(π t / 2)",
         "at t = 0 only the image is there, at t = 1 only the noise.",
         "the weights are a cosine and a sine of the same angle, which is a quarter of a turn at t = 1.",
         "np.cos(np.pi * t / 2) * x + np.sin(np.pi * t / 2) * noise").equals(
    _mix, "x_t", st.tuples(arrays(2, 2), arrays(2, 2), TIMES), [
        (lambda x, noise, t: (1 - t) * x + t * noise, "A straight mix lets the variance sink in between."),
        (lambda x, noise, t: _mix(noise, x, t), "Image and noise are exchanged."),
        (lambda x, noise, t: _mix(x, noise, 2 * t), "At t = 1 the angle is π / 2, not π.")])


def _answers(x_t, v, t):
    alpha, sigma = _angles(t)
    return alpha * x_t - sigma * v, sigma * x_t + alpha * v


exercise("25.answers", "x = α x_t - σ v and ε = σ x_t + α v",
         "put x_t = α x + σ ε and v = α ε - σ x into α x_t - σ v and see what is left.",
         "(x_t, v) is (x, ε), turned by an angle. Turn it back.",
         "return alpha * x_t - sigma * v, sigma * x_t + alpha * v").equals(
    _answers, ("the image", "the noise"), st.tuples(arrays(2, 2), arrays(2, 2), TIMES), [
        (lambda x_t, v, t: _answers(x_t, v, t)[::-1], "Image and noise are exchanged: return the image first."),
        (lambda x_t, v, t: _answers(x_t, -v, t), "You turn the wrong way round: mind the signs."),
        (lambda x_t, v, t: (x_t - v, x_t + v), "Both depend on t.")])


def _step(x_t, v, t, s):
    image, noise = _answers(x_t, v, t)
    return _mix(image, noise, s)


exercise("25.step", "image and noise, as they seem at t, mixed as they should be at s",
         "what would the network's image and noise look like, mixed for the time s?",
         "`answers` tells image and noise at t; `mix` mixes them for any time.",
         "image, noise = answers(x_t, v, t); return mix(image, noise, s)").equals(
    _step, "x_s", st.tuples(arrays(2, 2), arrays(2, 2), TIMES, TIMES), [
        (lambda x_t, v, t, s: _answers(x_t, v, t)[0], "That is the image itself: it is the end, not the next step."),
        (lambda x_t, v, t, s: x_t + (s - t) * v, "A straight step; the way is an arc."),
        (lambda x_t, v, t, s: x_t + (s - t) * np.pi / 2 * v, "A straight step; the way is an arc."),
        (lambda x_t, v, t, s: _step(x_t, v, s, t), "t and s are exchanged.")])

exercise("25.guided", "v(any) + w (v(class) - v(any))",
         "w = 0 should be any image at all, w = 1 the class as it is.",
         "the difference v_class - v_any points to what makes this class; go w times as far.",
         "v_any + w * (v_class - v_any)").equals(
    lambda v_class, v_any, w: v_any + w * (v_class - v_any), "v",
    st.tuples(arrays(2, 2), arrays(2, 2), numbers(0, 4)), [
        (lambda v_class, v_any, w: v_class + w * (v_class - v_any),
         "That begins at the class: w = 1 would already go beyond it."),
        (lambda v_class, v_any, w: v_any + w * (v_any - v_class), "It goes away from the class."),
        (lambda v_class, v_any, w: w * v_class, "v(any) is missing."),
        (lambda v_class, v_any, w: (1 - w) * v_class + w * v_any, "w = 1 should be the class.")])


def _frechet(a, b):
    return (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2


exercise("25.frechet", "(μ_a - μ_b)² + (s_a - s_b)²",
         "two numbers describe each cloud. In which of them do the clouds differ?",
         "with one axis the covariances are variances: s_a² + s_b² - 2 √(s_a² s_b²).",
         "s_a² + s_b² - 2 s_a s_b is a square.").equals(
    _frechet, "the distance",
    made(lambda rng, n, m: (normal(rng, n), normal(rng, m) + 1), n=whole(2, 5), m=whole(2, 5)), [
        (lambda a, b: (a.mean() - b.mean()) ** 2, "Clouds with equal means may still differ in width."),
        (lambda a, b: (a.mean() - b.mean()) ** 2 + a.var() + b.var(), "Equal clouds should have the distance 0."),
        (lambda a, b: (a.mean() - b.mean()) ** 2 + (a.var() - b.var()) ** 2,
         "The standard deviations are compared, not the variances."),
        (lambda a, b: np.sqrt(_frechet(a, b)), "It is a squared distance: no root.")])
