"""The page that a person reads: its records, template, plots, fonts and style."""
