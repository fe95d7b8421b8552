"""`python -m minigrad` is the command `minigrad`."""
import sys

from .commands.main import main

sys.exit(main())
