"""How the service speaks HTTP. It knows FastAPI and the kernel, and no domain."""
