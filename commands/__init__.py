"""What someone wants: command messages, who may send them, their handlers, and the processes that follow events."""
