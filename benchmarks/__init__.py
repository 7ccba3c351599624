"""What README's figures were measured with. Each prints one table; run them on an idle machine."""
