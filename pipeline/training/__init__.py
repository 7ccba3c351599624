"""Training: the loop, checkpoints, schedules, losses, logs."""
