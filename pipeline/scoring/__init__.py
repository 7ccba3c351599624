"""Exported models that are asked about more texts than one machine holds, on Apache Beam."""
