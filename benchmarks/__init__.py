"""What docs/results.md was measured with. Each prints one table; run them on an idle machine."""

import sys

from pipeline.readable import print_utf8, read_arguments_as_utf8

if sys.argv[0] == "-m":  # python -m benchmarks.<name>, before it finds the name
    read_arguments_as_utf8()
    print_utf8()
