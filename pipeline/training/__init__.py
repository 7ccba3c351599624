"""From a model and batches to the best weights: steps, checkpoints, schedules, logs."""
