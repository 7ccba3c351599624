"""Keras layers for the models: one per file, serialisable, on any backend."""
