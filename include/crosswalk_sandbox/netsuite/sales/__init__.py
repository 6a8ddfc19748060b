"""What a sale does: prices, taxes, documents and how one becomes the next (NetSuite §5.10, §12, §13)."""
