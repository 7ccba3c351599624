"""Raw text to pieces and ids: one text policy, three kinds of pieces, optional morphemes."""
