"""Payment providers: the simulator that ships with the product, Stripe, and the callbacks that either sends."""
