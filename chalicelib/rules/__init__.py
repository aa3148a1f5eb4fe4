"""What is true of articles, reviews, ratings and text. Pure; standard library only."""
