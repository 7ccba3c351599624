"""Pictures: reading and scaling them in a graph, the encoder that looks at them, its features.

`reading` takes encoded bytes to pixels, `checking` says what is wrong with a file, `encoder` and
`efficientnet` take pixels to features, `features` keeps these on disk.
"""
