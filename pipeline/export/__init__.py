"""Raw-string SavedModels: the text policy inside the graph. TensorFlow is imported here only."""
