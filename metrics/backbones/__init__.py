"""Networks that metrics look through. Their modules need torch and are imported when used."""
