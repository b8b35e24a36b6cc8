"""What account managers answer to their lists: read from mails, sheets and the CRM, checked, kept, and sent back."""
