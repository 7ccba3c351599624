"""Layers that the models are made of: one idea a file, serialisable, on any Keras backend."""
