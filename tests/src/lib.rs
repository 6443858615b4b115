//! Tests that cross crates: parity with published numbers, interop with the users' tools, the command line.
