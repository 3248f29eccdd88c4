"""Reviews: what buyers say of products that reached them.

Owns the tables reviews and review_marks.
Publishes nothing; listens to UserErased.
"""
