"""Corpora: the catalogue, downloads, one reader per format, and splits."""
