"""Knowledge gaps: questions without a good answer, kept sealed, grouped, drafted as articles from resolved tickets."""
