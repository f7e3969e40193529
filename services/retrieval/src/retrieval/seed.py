"""The demo shop's knowledge: `python -m retrieval.seed` stores the starter articles. Again changes nothing."""

from retrieval.ingest import main

if __name__ == "__main__":
    main()
