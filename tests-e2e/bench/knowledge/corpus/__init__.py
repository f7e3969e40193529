"""The larger knowledge base that search is measured with: a bank and two shops, all invented. See README.md."""
