"""What the account knows of its objects: types, property definitions, association types, values."""
