"""The demo company as rows of Business One."""
