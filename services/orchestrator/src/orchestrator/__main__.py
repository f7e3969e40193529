"""`python -m orchestrator` serves."""

from orchestrator.main import main

if __name__ == "__main__":
    main()
