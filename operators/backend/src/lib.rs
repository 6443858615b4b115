//! Device choice at run time, the one module that knows libtorch, and weights in and out (safetensors, PyTorch).

pub mod atomic;
