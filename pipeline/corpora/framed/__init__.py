"""Videos as tables: a row a frame, with its features and its label."""
