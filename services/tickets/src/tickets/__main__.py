"""`python -m tickets`."""

from tickets.main import main

if __name__ == "__main__":
    main()
