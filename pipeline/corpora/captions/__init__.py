"""Pictures with captions: files that people keep them in, scenes drawn here, and their splits."""
