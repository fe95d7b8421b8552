"""What a language model learns from after it has read: examples, preferences, rewards.  The losses of each.

    supervised          here is a right answer                              sft_loss
    preferences         of these two answers, that one is better            dpo_loss
    rewards             this answer of yours is worth so much               policy_gradient_loss, grpo_loss

All work on log-probabilities.  A batch holds B texts of T + 1 tokens, each a prompt and an answer, filled up to equal
length; mask (B, T) is 1 where the token to predict belongs to the answer, else 0: nobody teaches the model to ask.

    logits = model(tokens[:, :-1])                                          # (B, T, V)
    log_p = log_probabilities(logits, tokens[:, 1:])                        # (B, T)
    sft_loss(log_p, mask).backward()

What comes from the model as it was before ("start"), or as it was when it wrote the answers ("old"), is a plain array:
no gradient flows there.
"""
import numpy as np

import minigrad as mg

from ..support.arguments import number, shown


def log_probabilities(logits, targets):
    """ln p of each token that came: logits (B, T, V) and targets (B, T) integers -> (B, T)."""
    return -mg.sparse_softmax_cross_entropy(logits, targets)


def of_answers(log_p, mask):
    """ln p of each whole answer: log_p and mask (B, T) -> (B,)."""
    return (log_p * _checked(mask, log_p)).sum(axis=1)


def sft_loss(log_p, mask):
    """Supervised fine-tuning: the mean of -ln p over all tokens of all answers, a scalar in nats.

    log_p, mask     (B, T)
    """
    mask = _checked(mask, log_p)
    return -(log_p * mask).sum() / float(mask.sum())


# -- preferences -----------------------------------------------------------------------------------------------------
def dpo_loss(chosen, rejected, chosen_start, rejected_start, beta=0.1):
    """Direct preference optimization: the mean of

        -ln σ(β [(ln p_c - ln p_c⁰) - (ln p_r - ln p_r⁰)])                  (Rafailov et al. 2023, eq. 7)

    p of the chosen and the rejected answer to the same prompt, p⁰ the same by the model at the start.  It is the
    likelihood that people choose so, if the reward behind their choices is β ln(p / p⁰).  Only the difference counts:
    it may rise while ln p_c itself falls.

    chosen, rejected                Tensors (B,), as of_answers gives them
    chosen_start, rejected_start    arrays (B,)
    beta                            large: stay near the start
    """
    before = _like("chosen_start", chosen_start, chosen) - _like("rejected_start", rejected_start, rejected)
    margin = chosen - rejected - before
    return mg.softplus(-number("dpo_loss: beta", beta, 0) * margin).mean()


# -- rewards ---------------------------------------------------------------------------------------------------------
def policy_gradient_loss(log_p, advantages):
    """-mean of A ln p: its gradient is that of the mean reward, estimated from actions that were drawn.

        ∇ E[R] = E[(R - b) ∇ ln p]                                          (REINFORCE: Williams 1992)

    log_p           a Tensor (n,): of the actions, or answers, that were drawn from the policy as it is now
    advantages      (n,): R - b, what each brought beyond a baseline b that doesn't depend on it.  b changes nothing in
                    the mean, and lowers the noise.
    """
    return -(log_p * _like("advantages", advantages, log_p)).mean()


def returns(rewards, discount=1.0):
    """What was still to come at each step: G_t = r_t + discount · G_{t+1}, for rewards (..., T)."""
    rewards = _rewards("returns", rewards)
    found, after = np.empty_like(rewards), np.zeros(rewards.shape[:-1])
    for t in reversed(range(rewards.shape[-1])):
        found[..., t] = after = rewards[..., t] + discount * after
    return found


def group_advantages(rewards, eps=1e-6):
    """(r - mean) / (std + eps) within each group, rewards (groups, n): the baseline is how the others did.

    The n answers of a group are to the same prompt.  Where all are worth the same there is nothing to learn: 0.
    (Shao et al. 2024, section 4.1.2)
    """
    rewards = _rewards("group_advantages", rewards)
    centred = rewards - rewards.mean(axis=-1, keepdims=True)
    return centred / (rewards.std(axis=-1, keepdims=True) + eps)


def grpo_loss(log_p, old, start, advantages, mask, clip=0.2, beta=0.04):
    """Group relative policy optimization: minus the mean over answers of the mean over each one's tokens of

        min(q A, clip(q, 1 - c, 1 + c) A) - β (p⁰/p - ln(p⁰/p) - 1),        q = p / p_old
                                                                            (Shao et al. 2024, eqs. 3 and 4)
    A is the answer's advantage.  The clip c lets one batch of answers serve several steps: what has already become
    1 + c times as likely is pushed no further.  The last part estimates the divergence KL(p, p⁰) from the start; it is
    never negative, and 0 where p = p⁰.

    log_p           a Tensor (B, T);  old, start  arrays (B, T), of the model that wrote the answers and the first one
    advantages      (B,);  mask  (B, T), each row with at least one 1
    """
    mask, clip, beta = _checked(mask, log_p), number("grpo_loss: clip", clip, 0), number("grpo_loss: beta", beta, 0)
    weight = mask / mask.sum(axis=1, keepdims=True) / len(mask)             # a mean of means
    # What the mask leaves out may hold anything, so it is put to ratio 1 before exp can overflow.
    change, back = ((log_p - _like(name, other, log_p)) * mask for name, other in (("old", old), ("start", start)))
    ratio, advantage = mg.exp(change), _like("advantages", advantages, log_p, log_p.shape[:1])[:, None]
    gain = mg.minimum(ratio * advantage, mg.clip(ratio, 1 - clip, 1 + clip) * advantage)
    divergence = mg.exp(-back) + back - 1
    return -((gain - beta * divergence) * weight).sum()


def _like(name, values, tensor, shape=None):
    """The values as an array of a tensor's shape, or the shape given; ValueError for others: nothing is stretched."""
    values, shape = np.asarray(values, tensor.dtype), tensor.shape if shape is None else shape
    if values.shape != shape or not values.size:
        raise ValueError(f"{name} must have the shape {shape}, one answer at least, as the log-probabilities have; "
                         f"its shape is {values.shape}")
    return values


def _checked(mask, log_p):
    """The mask as numbers; ValueError if it doesn't fit, or an answer has no token."""
    mask = _like("mask", mask, log_p)
    if not np.isin(mask, (0, 1)).all() or not mask.any(axis=-1).all():
        raise ValueError("mask must be 1 for the tokens of answers, one in each row at least, and else 0")
    return mask


def _rewards(name, rewards):
    """Rewards (..., n) as an array of numbers; ValueError for others."""
    rewards = np.asarray(rewards, float)
    if not rewards.ndim or not np.isfinite(rewards).all() or not rewards.size:
        raise ValueError(f"{name}: rewards must be finite numbers, (..., n) with n above 0, not {shown(rewards)}")
    return rewards
