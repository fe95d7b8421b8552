"""x³ as a torch.autograd.Function, right and with the factor 3 lost, and a plain function."""
import torch


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3

    @staticmethod
    def backward(ctx, g):
        return 3 * g * ctx.saved_tensors[0] ** 2


class Once(Cube):
    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return 3 * g * ctx.saved_tensors[0] ** 2


class Wrong(Cube):
    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0] ** 2


def plain(x):
    return torch.sin(x)
