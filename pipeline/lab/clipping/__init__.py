"""Gradients that explode, and what clipping their norm does."""
