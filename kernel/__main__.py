"""`python -m kernel` is `greenroom`."""

from .cli import main

raise SystemExit(main())
