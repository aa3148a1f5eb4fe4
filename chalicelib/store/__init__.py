"""Every call to DynamoDB. `keys` alone knows the key schema, `client` alone calls."""
