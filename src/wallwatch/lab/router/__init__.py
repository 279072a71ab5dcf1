"""The lab's only forwarder: one process, one thread, that carries every packet between the hosts."""
