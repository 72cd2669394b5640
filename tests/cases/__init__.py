"""Cases that whole decisions are held to, and what reads them."""
