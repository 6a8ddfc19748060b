"""What happened to invoices and payments in the ERP, told on the timeline of the customer in the CRM."""
