"""`python -m staydown`."""

import sys

from staydown.cli.main import main

sys.exit(main())
