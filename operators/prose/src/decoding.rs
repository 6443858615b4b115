//! From scores to equations.
