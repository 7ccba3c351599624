"""Where text comes from: what exists, how to get it, one reader per format, and how to split it."""
