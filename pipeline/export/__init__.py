"""Raw-string SavedModels: the text policy and the decoder inside the graph. TensorFlow only here."""
