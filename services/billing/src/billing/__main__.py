"""`python -m billing`."""

from billing.main import main

if __name__ == "__main__":
    main()
