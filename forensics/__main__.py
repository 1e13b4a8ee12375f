"""``python -m forensics`` is the command line."""

from forensics.cli import main

main()
