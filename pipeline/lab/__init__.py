"""The laboratory: studies that explain recurrent networks with measurements.

A page is a package: `study.py` measures, `pictures.py` draws, `page.py` writes the page. In the
order in which they are read:

hello/       the smallest character model, trained on "hell" -> "ello" by hand
vanishing/   what is left of the gradients of SimpleRNN, LSTM and GRU over lags
depth/       layers one above the other, with and without skip connections
clipping/    gradients that explode, and are scaled down
truncation/  the gradient of truncated backpropagation beside the full one
tasks/       copying and adding: where the gradient dies, and where learning fails
units/       what single units of a trained language model know, and are needed for
labels/      how many labelled rows are enough, with a pretrained encoder and without

What several of them need:

cells/         SimpleRNN, LSTM and GRU from their equations, with their Jacobians in closed form
lags.py        products of Jacobians over lags, and their spectral norms
bptt.py        backpropagation through time by hand, summed and term by term
starts.py      random starts of layers, a function of a seed
training.py    the training loop
plots.py       what plots have in common
base.py        the text that a study reads, the page that it gives, and its progress

Equations are in `keras.ops` or numpy and need no autodiff; the tests hold them to it.
"""
