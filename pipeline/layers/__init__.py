"""Layers that the models are made of: one idea a file, each serialisable, each on any Keras backend."""
