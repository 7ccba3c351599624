"""Stacks of layers, with and without skip connections: their gradients, what they learn."""
