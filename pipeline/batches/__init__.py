"""Ids to batches: length buckets, sentence pairs, streams of text."""
