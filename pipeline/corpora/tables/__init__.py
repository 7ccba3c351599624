"""Tables of any common make, taken apart into rows."""
