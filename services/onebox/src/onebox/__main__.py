"""`python -m onebox` is the command `aiguy`."""

from onebox.cli import main

if __name__ == "__main__":
    main()
