"""Recurrent networks taken apart: each picture and each claim from the pipeline's own numbers.

cells/             SimpleRNN, LSTM and GRU from their equations, with their Jacobians in closed form
lags.py            products of Jacobians over lags, and their spectral norms
bptt.py            backpropagation through time by hand, summed and term by term
hello.py           the smallest character model, taught "hell" -> "ello" with it
hello_pictures.py  what happens in that model, drawn; hello_page.py: the page that explains it

Equations are in `keras.ops` or numpy and need no autodiff; the tests hold them to it.
"""
