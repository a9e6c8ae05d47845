"""The sidecar of Mr.Market: exchanges without a connector of their own, through the ccxt package.

What it speaks is written down in docs/sidecar.md.
"""
