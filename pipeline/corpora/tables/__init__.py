"""Reads tables in any common format into rows."""
