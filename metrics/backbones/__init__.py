"""Networks behind metrics. Their modules need torch and are imported when used."""
