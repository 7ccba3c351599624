"""Videos as tables: a row per frame, with its features and its label."""
