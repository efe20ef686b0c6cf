"""Mail of the embedded list: one subscriber's message, the ways it is handed over, the delivery loop."""
