"""`python -m mag` is the command `mag`."""

from mag.cli.program import main

if __name__ == "__main__":
    main()
