"""SavedModels that take raw strings: the text policy is in the graph. Only these modules import
TensorFlow."""
