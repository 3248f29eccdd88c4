"""Where files of jobs lie, and how pictures of other places are fetched."""
