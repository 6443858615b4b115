//! The C allocator, set for tensors.
//!
//! glibc hands every block above 32 MB (and many below) straight to the system and back: each tensor of a step is then
//! made of fresh pages that the kernel clears first. Kept blocks are used again by the next tensor of that size. On the
//! published IFactFormer-m the like settings of glibc's tunables took two thirds of the system time of a process away.
#![allow(unsafe_code, reason = "mallopt and malloc_trim are C functions")]

/// Freed memory up to this stays with the process.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: libc::c_int = libc::c_int::MAX;

/// The heap grows by this much beyond what is asked for.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const TOP_PAD: libc::c_int = 64 << 20;

/// Lets the process keep freed memory for its next tensors. Call it once, before any computation; elsewhere than with
/// glibc it does nothing.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt sets numbers of the allocator, under its own lock; a refused one changes nothing.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
        libc::mallopt(libc::M_TOP_PAD, TOP_PAD);
    }
}

/// Hands memory that is free now back to the system: after work that needed more than what follows, such as loading weights.
/// Elsewhere than with glibc it does nothing.
pub fn give_back_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim touches nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
