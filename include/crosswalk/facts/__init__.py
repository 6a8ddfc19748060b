"""What is known about one customer in both systems: for people who look, on our pages and on the card inside the CRM or ERP."""
