"""Pytrees: dicts, lists and tuples, nested, with anything at the leaves; a model's weights, say, or a batch of data.

None is no leaf: it stays where it is, for what a tree leaves out (a layer without bias).
"""


def tree_map(f, tree, *others):
    """A tree of the same form with f applied to the leaves (and to those of others at the same place)."""
    if isinstance(tree, dict):
        return {k: tree_map(f, v, *(o[k] for o in others)) for k, v in tree.items()}
    if isinstance(tree, (list, tuple)):
        mapped = [tree_map(f, *branch) for branch in zip(tree, *others, strict=True)]
        return type(tree)(*mapped) if hasattr(tree, "_fields") else type(tree)(mapped)
    return None if tree is None else f(tree, *others)


def tree_leaves(tree):
    """The leaves of a tree, in order."""
    leaves = []
    tree_map(leaves.append, tree)
    return leaves


def tree_unflatten(tree, leaves):
    """A tree of the same form with these leaves, in order; what tree_leaves took apart."""
    leaves = iter(leaves)
    return tree_map(lambda _: next(leaves), tree)
