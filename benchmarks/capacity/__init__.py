"""What a marketplace of some size needs: a model of queues, held to a measured run."""
