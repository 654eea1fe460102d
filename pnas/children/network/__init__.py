"""The network of a child: its builder, its layers, and its size."""
