"""Reports as HTML pages: their records, templates, plots, fonts and style."""
