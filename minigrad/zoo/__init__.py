"""Whole models, each in a few readable files.  Nothing is loaded before it is asked for.

    lenet                       a convolutional network that reads digits
    diffusion, vae              two that draw them, out of noise: in small steps, in one go
    gpt, gpt_training, ngram    a language model from scratch, and what counting alone can do
    bpe                         the tokens that a text is best cut into
    posttraining                losses that teach it to answer: examples, preferences, rewards
    sorting                     a small GPT taught so, on a question that a program can mark
    cartpole                    a pole balanced by policy gradients
    llama, pretrained, chat     a pretrained language model, run and, with lora, fine-tuned
    structure, folding          proteins: geometry, and folding by gradient descent
    distogram, evoformer        AlphaFold in miniature: distances from the sequence
    diagnosis                   medical diagnosis: probabilities, how sure they are, and what errors cost
    forecast                    share prices: what of tomorrow can be predicted from the days before
"""
