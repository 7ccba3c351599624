"""Texts with entities."""
