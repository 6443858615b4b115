//! Spectral solver for the flow between two walls, and its statistics.
