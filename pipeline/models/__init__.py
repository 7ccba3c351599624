"""Models: ids in, logits out. pipeline/batches/ describes the batches they take."""
