"""What single units of a trained language model know, and what they are needed for."""
