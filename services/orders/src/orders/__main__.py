"""`python -m orders`."""

from orders.main import main

if __name__ == "__main__":
    main()
