"""The gradient that truncated backpropagation through time gives, beside the full one."""
