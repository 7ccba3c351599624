"""Copying and adding: the lag at which the gradient dies, and that at which learning fails."""
