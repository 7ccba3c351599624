"""Pictures with captions: readers, drawn scenes, and splits."""
