"""How good a classifier gets from few labelled rows, with a pretrained encoder and without."""
