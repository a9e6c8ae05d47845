"""python3 -m mrmarket_sidecar --socket PATH [--test]"""

from __future__ import annotations

import argparse
import asyncio
import os
import stat
import sys

from .server import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="mrmarket_sidecar")
    parser.add_argument("--socket", required=True)
    parser.add_argument("--test", action="store_true")
    options = parser.parse_args()
    folder = os.path.dirname(os.path.abspath(options.socket))
    state = os.stat(folder)
    if stat.S_IMODE(state.st_mode) & 0o077 or state.st_uid != os.geteuid():
        print(f"sidecar: {folder} must be its owner's alone (chmod 700)", file=sys.stderr)
        return 78
    asyncio.run(run(options.socket, options.test))
    return 0


if __name__ == "__main__":
    sys.exit(main())
