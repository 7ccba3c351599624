"""Texts that need no labels."""
