"""`minigrad train`: networks trained on real data.  Each job is a file of its own: train_digits.py, ..."""
from .parsing import add_commands

JOBS = {
    "digits": "a dense network that reads handwritten digits",
    "gpt": "a GPT that writes like Shakespeare",
    "diffusion": "a network that makes handwritten digits out of noise",
    "tokenizer": "the tokens that Shakespeare's plays are best cut into",
    "distogram": "distances in proteins from their sequences, as AlphaFold, in miniature",
}


def add_arguments(parser):
    add_commands(parser, JOBS, prefix="train_", metavar="JOB")
