"""Plaudit: articles and their reviews, on AWS Lambda and DynamoDB."""
