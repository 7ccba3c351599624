"""Texts with one label each."""
