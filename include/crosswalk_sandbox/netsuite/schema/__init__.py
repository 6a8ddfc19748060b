"""What exists in the account: SuiteQL tables and REST record types, declared as compact lists."""
