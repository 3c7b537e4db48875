"""`python -m faultbox_agent` is `faultbox-agent`."""

import sys

from faultbox_agent.cli import main

sys.exit(main())
