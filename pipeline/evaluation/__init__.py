"""How well a model does, and the report a person reads about it.

classification.py         numbers for single-label classifiers
calibration.py            whether a probability means what it says
fonts.py                  Hangul in matplotlib, from a pip package, for the time of a block
figures.py                the pictures, as matplotlib figures and as PNG
report.py                 any report: cards, sections, tables, pictures in one HTML file
classification_report.py  what a classifier's report says
"""
