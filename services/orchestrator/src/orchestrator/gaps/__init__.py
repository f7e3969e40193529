"""Knowledge gaps: questions without a good answer, kept sealed, grouped, and drafted as articles from resolved tickets."""
