"""Write the headers for hosts of one's own: ``python -m plugins.headers FOLDER [SUBSCRIBE_URL]``."""

from __future__ import annotations

import sys
from pathlib import Path

from .hosts import FILES
from .policy import security_headers

for name, written in FILES.items():
    Path(sys.argv[1], name).write_text(written(security_headers("".join(sys.argv[2:3]))), encoding="utf-8")
