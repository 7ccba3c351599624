"""Models: ids in, logits out. What a batch holds is described in pipeline/batches/."""
