"""``python -m crosswalk_sandbox``."""

from __future__ import annotations

from crosswalk_sandbox.cli import sandbox

if __name__ == "__main__":
    sandbox(prog_name="sandbox")
