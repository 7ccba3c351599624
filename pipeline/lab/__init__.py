"""Recurrent networks taken apart: each picture and each claim from the pipeline's own numbers.

cells/             SimpleRNN, LSTM and GRU from their equations, with their Jacobians in closed form
lags.py            products of Jacobians over lags, and their spectral norms
bptt.py            backpropagation through time by hand, summed and term by term
hello.py           the smallest character model, taught "hell" -> "ello" with it
hello_pictures.py  what happens in that model, drawn; hello_page.py: the page that explains it
vanishing_cells.py the networks whose gradients are compared; vanishing.py: what is left of these
                   over lags; vanishing_claims.py, vanishing_pictures.py, vanishing_sections.py,
                   vanishing_page.py: what is said of it, and the page
stacks.py          layers one above the other, with and without skip connections; depth.py: their
                   gradients and what they learn; depth_pictures.py, depth_page.py: the page
magnitudes.py      numbers beyond the range of floats, written down
predicates.py      what rules say of the characters of a text; held_out.py: where those are read
unit_activations.py, unit_probes.py, unit_ablation.py
                   what units of a language model do, know, and are needed for; unit_study.py:
                   all of it on one text; unit_passages.py, unit_numbers.py: what is shown of it
units_page.py      the page on it, with units_pictures.py; units_explorer.py: any unit, coloured

Equations are in `keras.ops` or numpy and need no autodiff; the tests hold them to it.
"""
