//! How the threads of libtorch's own operations wait: asleep.
//!
//! libtorch shares its operations among the threads of GNU OpenMP, which spin for some milliseconds when they have nothing to do.
//! Our fused kernels run on threads of rayon's: what spins takes their cores away, 3 to 7 % of a training step of IFactFormer-m
//! on two cores. GNU OpenMP knows how to wait from its environment alone (`OMP_WAIT_POLICY`), which it reads while it is loaded,
//! before any `main`. What a user has set holds.
#![allow(
    unsafe_code,
    reason = "the environment has to be ready before the program's libraries are initialised"
)]

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};

const POLICY: &CStr = c"OMP_WAIT_POLICY";
/// GNU's own variable for the same, which goes before.
const SPINS: &CStr = c"GOMP_SPINCOUNT";

static SET_HERE: AtomicBool = AtomicBool::new(false);

// SAFETY: the linker calls what is listed in these sections one after the other, the first before the initialisers of the
// libraries, the second behind them; both functions are of the kind that it calls and need nothing of Rust's runtime.
#[used]
#[unsafe(link_section = ".preinit_array")]
static BEFORE_LIBRARIES: extern "C" fn() = ask_to_sleep;
// SAFETY: as above.
#[used]
#[unsafe(link_section = ".init_array")]
static BEHIND_LIBRARIES: extern "C" fn() = leave_the_environment;

extern "C" fn ask_to_sleep() {
    // SAFETY: nothing else runs yet; the names and the value are texts of C.
    unsafe {
        if libc::getenv(POLICY.as_ptr()).is_null() && libc::getenv(SPINS.as_ptr()).is_null() {
            let set = libc::setenv(POLICY.as_ptr(), c"passive".as_ptr(), 1);
            SET_HERE.store(set == 0, Ordering::Relaxed);
        }
    }
}

/// Programs that this one starts wait as they like.
extern "C" fn leave_the_environment() {
    if SET_HERE.load(Ordering::Relaxed) {
        // SAFETY: no thread but this one runs before `main`.
        unsafe { libc::unsetenv(POLICY.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// GNU OpenMP tells its settings on request while it is loaded.
    #[test]
    fn libtorch_waits_asleep_unless_the_user_says_otherwise() {
        let settings = |variable: Option<(&str, &str)>| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.arg("--list").env("OMP_DISPLAY_ENV", "true");
            command
                .env_remove("OMP_WAIT_POLICY")
                .env_remove("GOMP_SPINCOUNT");
            let output = command.envs(variable).output().unwrap();
            String::from_utf8(output.stderr).unwrap()
        };
        let found = settings(None);
        assert!(found.contains("OMP_WAIT_POLICY = 'PASSIVE'"), "{found}");
        let found = settings(Some(("OMP_WAIT_POLICY", "active")));
        assert!(found.contains("OMP_WAIT_POLICY = 'ACTIVE'"), "{found}");
    }

    #[test]
    fn programs_that_are_started_do_not_inherit_it() {
        if !super::SET_HERE.load(super::Ordering::Relaxed) {
            // The user has set it.
            return;
        }
        assert!(std::env::var_os("OMP_WAIT_POLICY").is_none());
    }
}
