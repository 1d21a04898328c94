"""`python -m confsync`: see `cli`."""

import sys

from confsync.cli import main

sys.exit(main(sys.argv[1:]))
