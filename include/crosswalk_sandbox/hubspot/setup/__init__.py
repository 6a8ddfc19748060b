"""The account's set-up over the API: properties, pipelines, owners, schemas, currencies, account facts."""
