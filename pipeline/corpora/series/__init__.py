"""Series: tables with a time column and columns of numbers."""
