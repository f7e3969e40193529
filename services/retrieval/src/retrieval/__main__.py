"""`python -m retrieval`."""

from retrieval.main import main

if __name__ == "__main__":
    main()
