"""Metrics, as numbers only; pipeline/report/ makes the page that people read.

classification.py         numbers for single-label classifiers
calibration.py            whether a probability means what it says
entities.py               numbers for finders of entities; entity_scores.py: precision, recall, F1
entity_pairs.py           which predicted entity was meant for which gold one, and how it erred
entity_examples.py        the sentences, confusions and errors worth showing
translation.py            numbers for translators; translation_scores.py: BLEU, chrF, length
character_scores.py       numbers for language models
continuations.py          how far a language model goes on as the text does
"""
