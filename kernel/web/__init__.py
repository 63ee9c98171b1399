"""Floor 7: HTTP. Routes behind gates, one middleware, pages, forms, JSON, sockets; nothing of any one plugin."""
