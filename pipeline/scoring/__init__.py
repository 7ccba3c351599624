"""Runs exported models on many texts, with Apache Beam."""
