"""How well a model does, and the report a person reads about it.

classification.py         numbers for single-label classifiers
calibration.py            whether a probability means what it says
entities.py               numbers for finders of entities; entity_scores.py: precision, recall, F1
entity_pairs.py           which predicted entity was meant for which gold one, and how it erred
entity_examples.py        the sentences, confusions and errors worth showing
translation.py            numbers for translators; translation_scores.py: BLEU, chrF, length
character_scores.py       numbers for language models; character_look.py: dev, while training
attention_pictures.py     heat maps word by word, BLEU by source length
fonts.py                  Hangul in matplotlib, from a pip package, for the time of a block
figures.py                the pictures, as matplotlib figures and as PNG; entity_figures.py
report.py                 any report: cards, sections, tables, pictures in one HTML file
run_sections.py           what any report says about its run
classification_report.py  what a classifier's report says
translation_report.py     what a translator's report says; translation_samples.py, _length.py
translation_comparison.py several translators on one test set, side by side
entity_report.py          what a report on entities says; entity_marks.py: sentences in colour
"""
