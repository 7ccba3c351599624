"""Pictures: reading and scaling them in a graph, the picture encoder, and its features.

`reading` decodes bytes to pixels, `checking` says what is wrong with a file, `encoder` and
`efficientnet` compute features of pixels, `features` keeps these on disk.
"""
